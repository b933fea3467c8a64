/** Safety: what people are told, and how they log in. */
export const safety = {
  notices: {
    title: '安全消息', text: '与账户安全有关的每一件事', empty: '还没有安全消息', emptyText: '证书、设备、密码有变化时，会在这里告诉你。', unread: '未读 {n} 条', fresh: '新', notMe: '不是我操作的？', notMeText: '立即挂失所有证书，再修改密码。', suspend: '去挂失',
    kind: {
      certificate_issued: '签发了新的数字证书', certificate_renewed: '数字证书已续期', certificate_superseded: '数字证书已被新证书替换', certificate_suspended: '数字证书已挂失', certificate_suspended_pin: 'PIN 多次输错，证书已冻结',
      certificate_suspended_operator: '管理员冻结了你的证书', certificate_suspended_fork: '密钥可能被复制，证书已冻结', certificate_suspended_risk: '因风险提示，证书已冻结', certificate_suspended_unused: '长期未使用，证书已暂停', certificate_suspended_veto: '补办被否决，证书已冻结', certificate_resumed: '数字证书已恢复',
      certificate_revoked: '数字证书已吊销', certificate_expiring: '数字证书即将到期', certificate_expired: '数字证书已到期', reissue_requested: '有人正在补办你的证书', reissue_issued: '补办了新的证书', reissue_ended: '补办的保护期已结束', reissue_cancelled: '补办已取消',
      reissue_vetoed: '旧设备否决了补办', device_moved: '证书已迁移到另一台设备', kit_made: '生成了恢复套件', kit_invalidated: '恢复套件已作废', kit_used: '恢复套件被使用', kit_reminder: '请验证恢复套件', device_new: '在新设备上登录', device_signed_out: '设备被远程退出登录',
      password_changed: '登录密码已修改', password_reset_requested: '有人申请重设登录密码', password_must_change: '请修改登录密码', phone_changed: '手机号已更换', phone_change_requested: '有人申请更换手机号', contact_change_cancelled: '密码或手机号的更改已取消',
      totp_added: '启用了身份验证器', totp_removed: '停用了身份验证器', passkey_added: '添加了登录通行密钥', passkey_removed: '移除了登录通行密钥', recovery_codes_made: '生成了新的恢复码', recovery_code_used: '恢复码被用于登录', tap_on: '开启了小额直付', tap_off: '关闭了小额直付',
    },
  },
  device: { iphone: 'iPhone', android: '安卓手机', windows: 'Windows 电脑', mac: 'Mac 电脑', linux: 'Linux 电脑', other: '其他设备' },
}
