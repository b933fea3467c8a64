export const reissue = {
  title: '补办证书', first: '现在是哪种情况？', firstText: '选一项，应用会带你走最快、也最安全的路。补办免费。',
  why: { kit: '我有恢复套件', kitText: '文件、口令、密码和短信验证码，马上就有证书', device: '换了新手机，旧手机在手边', deviceText: '两台手机互相扫一扫，两分钟内完成', lost: '手机丢了', lostText: '用密码和短信验证码，先有较低的额度', cleared: '数据被清除了', clearedText: '还是这台手机，但密钥没有了', pin: '忘了 PIN', pinText: '重新设置一个，旧的随之作废' },
  installed: '证书可能在已安装的应用里', installedText: '先从主屏幕打开印信看一看：浏览器和已安装的应用各有各的存储。',
  operator: '手机号或密码也没有了', operatorText: '请联系运营方核实身份。报上案件号 {number}，由两位工作人员处理，至少 24 小时。',
  proof: { title: '怎样证明是你？', vouch: '用另一台登录着的设备', vouchText: '密码，加另一台有证书的设备', passkey: '用这台手机的通行密钥', passkeyText: '密码，加指纹、面容或锁屏；证书满 7 天才可用', secrets: '密码和短信验证码', secretsText: '先有较低的额度' },
  stated: { title: '旧手机', lost: '丢了，或被偷了', lostText: '旧证书立即暂停，保护期结束时吊销', nothing: '还不确定', nothingText: '旧证书先照常使用，直到保护期结束' },
  intro: { kit: '用恢复套件补办', kitText: '选中 .p12 文件，输入口令。文件只在本机打开，不会上传。', device: '把证书搬到这台手机', deviceText: '拿好旧手机。它会验证是你本人，并为这台手机签名。', vouch: '让另一台设备为你作证', vouchText: '输入密码，再用另一台设备扫这里的码。', passkey: '用通行密钥找回', passkeyText: '输入密码，再验证指纹、面容或锁屏。', secrets: '用密码和验证码补办', secretsText: '旧手机会收到询问，你的所有联系方式都会收到通知。' },
  limits: '可以付款后的 24 小时合计最多 {small}，只能付给以前付过的商户；再之后两天，每 24 小时最多 {middle}。',
  wait: '前 {n} 小时不能付款', waitText: '这是为了让真正的主人有时间发现。账户里的钱不受影响，收款照常。', riskText: '最近改过密码或手机号，或刚补办过一次，所以等待更久。',
  passkeyGo: '验证是我', start: '开始',
  show: { title: '用旧手机扫这个码', text: '旧手机：首页 → 扫一扫。', vouch: '用另一台设备扫这个码', vouchText: '那台设备：首页 → 扫一扫。', label: '给旧手机扫的码', waiting: '等待对方确认' },
  scan: { title: '再扫旧手机上的码', text: '确认作证的就是你手里那台。', wrong: '这不是旧手机刚刚显示的码', picture: '从图片识别', view: '相机画面' },
  consent: {
    title: '为另一台设备作证', move: '把证书给这台 {device}？', moveText: '只有当它就在你手里、刚刚显示了这个码时，才继续。', vouch: '为这台 {device} 作证？', keep: '这台手机也继续用', keepText: '两台都能付款；随时可以挂失其中一台', replace: '换到新手机', replaceText: '新证书启用后，这里的证书停用',
    choose: '这台手机', confirm: '验证并同意', back: '不是我，返回', done: '请让新手机扫这个码', doneText: '扫完后，在新手机上继续。', vouchDone: '已作证', vouchDoneText: '请在那台设备上继续。', noKey: '这台设备没有证书，不能作证。', over: '这个码已经过期', label: '给新手机扫的码', not: '不是我在操作：立即查看证书',
  },
  done: '补办完成', check: {
    title: '安全检查', text: '补办之后，花一分钟看一遍。', uses: '看看丢失以来的使用记录', usesText: '有不认识的，点进去报告', devices: '看看每台设备的证书', devicesText: '不认识的，立即挂失', limits: '小额直付', limitsText: '现在：{state}', notices: '看看安全消息', lock: '手机开了锁屏密码', lockText: '没有锁屏，谁拿到都能打开', system: '系统和浏览器是最新的', install: '应用装在主屏幕', installText: '浏览器可能清除未安装网页的数据', storage: '本机存储', storageGood: '系统答应保留', storageWeak: '可能被清除', done: '都看过了', later: '以后再看',
  },
  question: {
    title: '有人正在补办你的证书', text: '{time}，一台{device}用你的密码和短信验证码申请了新的证书。', other: '{time}，一台{device}申请了新的证书。', held: '对方说这台手机丢了，这里的证书已经暂停。',
    no: '不是我', yes: '是我', noTitle: '先验证是你本人', noText: '验证后，对方的新证书立即作废，对方退出登录，这里照常付款。', disputeText: '验证后，两边都会暂停，由恢复套件或运营方决定。', verify: '验证并阻止', cannot: '我不能验证，先把两边都暂停', back: '返回',
    stopped: '已经阻止', stoppedText: '新证书已作废，对方已退出登录。有人知道你的密码：请马上修改它。', both: '两边都已暂停', bothText: '没有人能付款。请用恢复套件，或联系运营方核实身份。', ok: '知道了',
  },
  device: { iphone: ' iPhone', android: '安卓手机', windows: ' Windows 电脑', mac: ' Mac', linux: ' Linux 电脑', other: '设备' },
}
