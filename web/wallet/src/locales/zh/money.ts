export const money = {
  home: {
    balance: '余额', hide: '隐藏金额', show: '显示金额', actions: '常用', scan: '扫一扫', transfer: '转账', receive: '收款码', topUp: '充值', recent: '最近账单', all: '全部账单',
    emptyTitle: '还没有账单', emptyText: '第一笔收付款会出现在这里。', waiting: '有一笔付款的结果正在确认', waitingText: '不用重复付款，应用会自己查到结果。', waitingOpen: '查看账单', recorded: '刚才那笔付款有结果了', voided: '刚才那笔付款没有送达', voidedText: '服务器没有收到它，编号已作废。没有扣款，可以重新付款。',
  },
  banner: {
    none: '还没有数字证书', noneText: '开通后才能付款：每一笔都由手机里的证书签名，不输密码。', noneButton: '免费开通',
    elsewhere: '证书在另一台设备', elsewhereText: '本机没有签名密钥，不能付款。请用已开通的设备或已安装的应用付款。', elsewhereButton: '查看证书',
    blocked: '本机证书不能付款', blockedText: '证书已挂失、吊销或过期。', blockedButton: '查看证书',
  },
  kind: { pay: '购物付款', transfer: '转账', received: '收到转账', top_up: '充值' },
  outcome: { posted: '成功', held: '等待到账', refused: '未成功' },
  level: { A: '已验证本人（A 级）', C: '小额直付，证书签名（C 级）', D: '固定收款码（D 级）' },
  custody: { passkey: '通行密钥封存', pin: 'PIN 封存', software: '软件密钥' },
  amount: { label: '金额', keypad: '金额键盘', point: '小数点', erase: '删除一位', tooMuch: '超过余额 {balance}' },
  payee: { person: '个人', merchant: '商户', operator: '运营方', verified: '已核实', unverified: '未核实', unverifiedText: '名字由对方自己填写，未经核实。', merchantVerifiedText: '商户已由运营方核实，订单由商户签名。', merchantUnverifiedText: '运营方还没有核实这家商户。' },
  transfer: {
    title: '转账', to: '转给谁', query: '手机号或 11 位账号', queryHint: '付款前会显示对方的名字', find: '查找', recent: '转过的人', scan: '扫对方的收款码', toTitle: '转账给', memo: '留言（选填）', memoHint: '对方会看到，最多 40 字', next: '转账',
    self: '这是你自己的账户', again: '一分钟前刚转过同样一笔', againText: '{time} 已向 {name} 转过 {amount}。要再转一笔吗？', againYes: '再转一笔', merchantOnly: '这是商户账户，请扫商户的订单码付款。',
  },
  pay: {
    title: '付款', checking: '正在核对商户的签名', checked: '订单已在手机上核对', checkHash: '与二维码一致', checkSignature: '商户签名有效', checkChain: '商户证书由 {issuer} 签发', checkExpiry: '有效期至 {time}', checkAmount: '金额与签名一致',
    items: '商品', quantity: '× {n}', total: '合计', order: '订单号', open: '去付款', paid: '订单已付款', expired: '订单已过期', cancelled: '订单已取消', closedText: '没有扣款。', paidText: '这个订单已经付过，不会再次扣款。',
    refusedTitle: '这个订单不可信', refusedText: '没有扣款，也不能继续付款。', back: '返回商户', fromCode: '扫码订单', failed: '没有通过的一项', colon: '：', why: { form: '订单格式', hash: '与二维码的指纹', audience: '所属服务', signature: '商户签名', chain: '商户证书', expired: '有效期', differs: '服务器显示的内容' },
  },
  sheet: {
    title: '确认付款', payTo: '付给', fee: '费用', free: '免费', from: '付款账户', balance: '余额 {balance}', certificate: '签名证书', kind: '用途', number: '支付编号', memo: '留言', confirm: '确认支付 {amount}', confirmTransfer: '确认转账 {amount}',
    tap: '小额直付：一点即付，无需输入。', verifyPasskey: '下一步用指纹、面容或屏幕锁验证。', verifyPin: '下一步输入设备 PIN,不是登录密码。', unlockPin: '本机密钥已锁定，需要输入一次设备 PIN。', exact: '以上内容从即将签名的原文中读出，改一个字签名就失效。', expires: '{n} 秒内有效', expired: '确认超时，内容已作废', again: '重新获取',
    pinTitle: '输入设备 PIN', pinText: '付给 {name} {amount}', pinWrong: 'PIN 不正确，还可以试 {n} 次', verifying: '正在验证是你本人', signing: '正在签名', sending: '正在提交',
  },
  result: {
    done: '支付成功', doneTransfer: '转账成功', held: '已受理，稍后到账', pending: '结果确认中', pendingText: '应用正在自己查询，知道结果会立即显示。请不要重复付款。', asking: '正在查询', refused: '未付款', voided: '已作废', voidedText: '服务器没有收到这笔付款，编号已作废。没有扣款，可以重新付款。',
    to: '收款方', time: '时间', number: '支付编号', balance: '付款后余额', backToShop: '返回商户', done_button: '完成', home: '回到首页', retry: '重新付款', record: '查看账单', manage: '查看证书', topUp: '去充值', copyNumber: '复制支付编号', unchanged: '没有扣款。', reason: '原因', next: '怎么办',
  },
  proof: {
    title: '这笔记录的证明', checking: '正在本机核对', ok: '已在本机核对通过', bad: '核对不通过', unknown: '部分核对', okText: '记录在运营方的存证日志里，任何人都改不了、删不掉。', unknownText: '这个浏览器不支持 Ed25519，检查点签名没有核对，其余都已核对。', badText: '请保留此页并联系运营方。', none: '只有付款方能取得这笔记录的证明。',
    signature: '你的签名', signatureBy: '由「{device}」上的证书签署', certificate: '证书', level: '验证方式', index: '存证序号', tree: '日志大小', root: '日志根', included: '包含证明', includedText: '{n} 个哈希，从这条记录算到日志根', checkpoint: '检查点签名', record: '记录原文', leaf: '叶', raw: '查看原始证据', save: '保存证据文件', again: '重新核对', step: { record: '记录与这笔付款不符', inclusion: '记录不在日志里', checkpoint: '检查点签名不对', continuity: '日志与上次看到的不连续' },
  },
  scan: {
    title: '扫一扫', hint: '对准二维码', starting: '正在打开相机', picture: '从图片识别', notFound: '图片里没有找到二维码', foreign: '不是印信的码', foreignText: '只显示内容，不会打开它。', damaged: '这个码不能识别', damagedText: '它可能破损、被改动过，或需要更新应用。不能用它付款。', again: '继续扫', copy: '复制内容',
    denied: '没有相机权限', deniedText: '请在浏览器的网站设置里允许使用相机，或从图片识别。', missing: '没有找到相机', missingText: '可以从图片识别，或输入对方的账号。', busy: '相机被其他应用占用', busyText: '关闭它再试，或从图片识别。', unsupported: '这里不能使用相机', unsupportedText: '相机只能在 https 网址下使用。可以从图片识别。', failed: '暂时不能识别二维码', failedText: '请检查网络后重试。', retry: '重新打开相机', content: '码里的内容', view: '相机画面', byHand: '输入账号转账',
  },
  records: {
    title: '账单', in: '收入', out: '支出', today: '今天', yesterday: '昨天', more: '更早的账单', end: '没有更多了', emptyTitle: '还没有账单', emptyText: '每一笔收付款都会记在这里，包括没有成功的。', 
  },
  record: {
    title: '账单详情', kind: '类型', payee: '收款方', payer: '付款方', time: '时间', number: '支付编号', fee: '费用', memo: '留言', items: '商品', order: '订单号', index: '存证序号', copied: '已复制', 
  },
  receive: { title: '收款码', hint: '让对方用印信扫一扫', label: '{name} 的收款码', free: '向个人收款免费', copyAccount: '复制账号', copyLink: '复制收款链接', live: '收到 {amount}，来自 {name}' },
  topUp: { title: '充值', text: '演示环境的余额，不是真钱。', choose: '选择金额', confirm: '充值 {amount}', done: '已充值 {amount}', limit: '余额上限 {limit}', onlyDemo: '充值只在演示环境提供。' },
}
