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
  login: {
    title: '登录安全', text: '密码、两步登录、登录过的设备', password: '登录密码', passwordSet: '{day} 设置', passwordOld: '已使用半年以上，可以换一个', passwordMust: '请立即修改', later: '以后再说', twoStep: '两步登录', twoStepText: '在新设备登录时，除密码外再验证一次。设置后不再接受短信验证码登录。', smsOnly: '目前：短信验证码',
    totp: '身份验证器', totpOn: '{day} 启用', off: '未设置', passkeys: '通行密钥', passkeyMade: '{day} 添加', passkeyUsed: '最近使用 {day}', addPasskey: '添加通行密钥', removePasskey: '移除', removeAsk: '移除这个通行密钥？', recovery: '恢复码', recoveryLeft: '还剩 {n} 个', devices: '登录设备', devicesText: '查看并远程退出', phone: '手机号',
    confirm: '确认是你本人', byCertificate: '将用本机数字证书确认这次更改。', byPassword: '输入登录密码以确认', elsewhere: '请在持有有效证书的设备上更改；已挂失的证书请先恢复。', current: '当前登录密码',
    newPassword: '新的登录密码', changePassword: '修改密码', changed: '密码已修改', changedText: '下次登录请用新密码。', changeWhy: '付款不会用到它；请不要与其他网站相同。',
    changePhone: '更换手机号', phoneText: '验证码会发到新号码，由你的数字证书确认；新旧号码都会收到通知。', newPhone: '新的手机号', phoneChanged: '手机号已更换', phoneNoCertificate: '更换手机号需要有效的数字证书；没有证书请联系运营方。',
    totpTitle: '身份验证器', totpStart: '开始设置', totpScan: '用身份验证器应用扫描，或手动输入密钥。密钥只显示这一次。', totpQr: '身份验证器二维码', totpSecret: '密钥', totpCode: '应用显示的 6 位数字', totpConfirm: '启用', totpDone: '身份验证器已启用', totpDoneText: '在新设备登录时，请输入它显示的数字。建议再生成恢复码。', totpRemove: '停用身份验证器', totpReplace: '换一个身份验证器',
    recoveryTitle: '恢复码', recoveryText: '10 个一次性代码，手机和身份验证器都不在手边时用来登录。', recoveryMake: '生成恢复码', recoveryAgain: '重新生成（旧的作废）', recoveryShown: '请抄写或打印，只显示这一次。', recoveryKept: '我已保存',
    thisDevice: '本机', seen: '最近使用 {time}', notSignedIn: '未登录', known: '{day} 首次登录', signOut: '退出', signOutAsk: '在这台设备上退出登录？', signOutText: '立即生效；再次登录需要第二步验证。', signOutOthers: '退出其他所有设备', signedOut: '已退出',
    factorTitle: '确认是你本人', factorTotp: '请输入身份验证器显示的 6 位数字，或一个恢复码。', factorPasskey: '请使用通行密钥，或输入一个恢复码。', factorBoth: '请输入身份验证器的数字或恢复码，或使用通行密钥。', factorCode: '数字或恢复码', usePasskey: '使用通行密钥', useRecovery: '没有收到？使用恢复码',
  },
  suspend: {
    title: '挂失', text: '立即停用这个账户的所有数字证书，谁都不能再付款。只需账号和密码，不需要短信和证书。', login: '账号或手机号', password: '登录密码', submit: '立即挂失', done: '已挂失', doneText: '{n} 张证书已停用。恢复需要在持有证书的设备上操作。', none: '没有正在使用的证书', noneText: '这个账户的证书此前已停用，或尚未开通。', undo: '误操作可以恢复，钱不会受影响。',
  },
  device: { iphone: 'iPhone', android: '安卓手机', windows: 'Windows 电脑', mac: 'Mac 电脑', linux: 'Linux 电脑', other: '其他设备' },
}
