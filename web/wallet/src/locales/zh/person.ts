export const person = {
  welcome: {
    title: '印信', line: '每一笔支付，都有你的印。', point1: '付款不输密码', point1Text: '手机里的数字证书替你签名', point2: '改一个字就失效', point2Text: '收款人、金额、费用都在签名里',
    point3: '谁都能核对', point3Text: '每一笔都有公开可验的凭证', register: '注册', logIn: '登录', suspend: '手机丢了？挂失', kit: '登录不了？用恢复套件挂失',
  },
  register: {
    title: '注册', step: '第 {n} 步，共 3 步', phone: '手机号', phoneHint: '用于登录和接收验证码', getCode: '获取验证码', resend: '重新获取', resendIn: '{n} 秒后可重新获取',
    code: '短信验证码', codeSent: '验证码已发送到 {phone}', codeHint: '6 位数字，180 秒内有效', password: '登录密码', passwordHint: '至少 8 个字符；付款时不会用到它',
    name: '你的名字', nameHint: '收款时显示给对方，如「林青」', submit: '完成注册', haveAccount: '已有账户？去登录', agree: '验证码短信名为「注册并开通数字证书」，10 分钟内开通证书无需再次验证。',
    done: '注册成功', doneText: '还差一步：开通数字证书，之后付款不用输密码。', accountNumber: '你的账号', enrolNow: '开通数字证书', later: '以后再说',
    phoneTitle: '你的手机号', codeTitle: '输入验证码', profileTitle: '设置密码和名字',
  },
  strength: { label: '密码强度', weak: '太弱', fair: '一般', good: '较强', strong: '很强', short: '还差 {n} 个字符', common: '这是常见密码', composition: '请混用大写、小写、数字、符号中的三种', personal: '不要包含手机号或名字' },
  logIn: {
    title: '登录', login: '账号或手机号', loginHint: '11 位账号，或注册时的手机号', password: '登录密码', submit: '登录', newDevice: '确认是你本人', newDeviceText: '这台设备第一次登录，验证码已发送到你的手机。',
    noAccount: '还没有账户？注册', code: '短信验证码',
  },
  me: {
    title: '我的', account: '账号', copyNumber: '复制账号', certificate: '数字证书', certificateActive: '使用中', certificateNone: '未开通', settings: '设置', receive: '收款码', records: '账单', security: '安全中心',
    nameSelf: '未核实', nameVouched: '运营方担保', nameChecked: '已核实身份', help: '关于印信', balance: '余额',
  },
  settings: {
    title: '设置', search: '搜索设置', searchHint: '例如：证书、语言、挂失', noResult: '没有找到「{query}」', security: '安全中心', certificate: '数字证书', manage: '数字证书管理', tap: '小额直付', language: '语言', appearance: '外观',
    about: '关于', logOut: '退出登录', logOutAsk: '退出登录？', logOutText: '证书仍保存在本机，下次登录后可继续使用。', general: '通用', suspend: '挂失', enrol: '开通数字证书', device: '设备名称', file: '保存证书文件',
    keywords: {
      security: '安全 密码 保护', certificate: '证书 数字证书 开通 签名 密钥', manage: '证书 管理 挂失 恢复 吊销 设备 改名', tap: '小额 直付 免密 一键', language: '语言 中文 英文 english', appearance: '外观 深色 夜间 字体 大字', about: '关于 版本 更新',
      logOut: '退出 登出 账户', enrol: '开通 证书 新证书', file: '下载 导出 文件 pem cer',
    },
  },
  language: { title: '语言', zh: '简体中文', en: 'English' },
  appearance: { title: '外观', theme: '主题', auto: '跟随系统', light: '浅色', dark: '深色', text: '文字大小', normal: '标准', large: '大', larger: '特大', sample: '向「青禾书店」付款' },
  about: {
    title: '关于', version: '版本', server: '服务', operator: '运营方', origin: '网址', stamp: '数据', stampDemo: '演示数据，不是真实资金', stampLive: '正式数据', logName: '存证日志', checkUpdate: '检查更新', upToDate: '已是最新版本',
    root: '下载根证书', honest: '坦白说', honestText: '网页的密钥保护弱于安全芯片；不诚实的服务器可以下发与显示不符的应用。每笔付款的凭证可由任何人离线核对。',
  },
  security: {
    title: '安全中心', certificate: '数字证书', certificateText: '付款靠它签名', statusGood: '账户受数字证书保护', statusGoodText: '每一笔付款都由本机证书签名。', statusNone: '还没有数字证书', statusNoneText: '开通后付款不输密码，也无法被冒用。',
    statusSuspended: '证书已挂失', statusSuspendedText: '本机暂时不能付款。', statusElsewhere: '证书在另一台设备', statusElsewhereText: '在那台设备上付款，或在那里管理。', statusExpiring: '证书即将到期', statusExpiringText: '还有 {n} 天到期。',
    manage: '数字证书管理', manageText: '查看、改名、挂失、吊销', tap: '小额直付', tapText: '单笔 {limit} 以内，一点即付', suspend: '手机丢了？立即挂失', suspendText: '一点即停，任何设备都能操作', never: '客服不会向你索要验证码、密码或 PIN。',
    enrol: '开通数字证书', open: '查看', actions: '常用操作', settings: '设置',
  },
  tap: {
    title: '小额直付', what: '单笔 {limit} 以内、每日合计 {day} 以内，付款时一点即付，不再验证。', losses: '如被盗用，凭记录申请，5 个工作日内答复。', on: '已开启', off: '已关闭', turnOn: '开启小额直付', turnOff: '关闭小额直付',
    left: '今日剩余', needs: '开启需要验证是你本人；关闭立即生效。', noKey: '请在持有证书的设备上开启或关闭。',
  },
}
