export const app = {
  name: '印信',
  tagline: '每一笔支付，都有你的印。',
  demo: '演示',
  tabs: { label: '主导航', home: '首页', records: '账单', security: '安全中心', me: '我的' },
  action: {
    back: '返回', close: '关闭', cancel: '取消', confirm: '确定', next: '下一步', done: '完成', retry: '重试', save: '保存', copy: '复制', copied: '已复制',
    show: '显示', hide: '隐藏', clear: '清除', more: '更多', understood: '知道了', update: '更新', continue: '继续', home: '回到首页', logIn: '登录',
  },
  state: { loading: '正在载入', empty: '这里还没有内容', offline: '没有连上服务器', required: '必填' },
  problem: {
    moneyMoved: '款项已扣。', moneyStill: '没有扣款。', moneyUnknown: '是否扣款正在确认。', reference: '编号 {reference}', money: '资金', next: '怎么办',
  },
  pin: { label: 'PIN', digit: '已输入 {n} 位，共 6 位', delete: '删除', hint: '6 位数字' },
  update: { offer: '有新版本', offerText: '更新只需几秒，进行中的付款不受影响。', required: '需要更新', requiredText: '当前版本 {version} 已不再支持，请更新后继续。进行中的付款是安全的。' },
  browser: {
    inApp: '请在系统浏览器中打开', inAppText: '这个页面在 {app} 的内置浏览器里，数字证书不能安全地保存在这里。', inAppHow: '点右上角「…」，选择「在浏览器打开」。',
    copyAddress: '复制网址', storage: '浏览器可能会清除本机数据', storageText: '请把印信安装到主屏幕，并不要使用无痕模式，否则证书会随数据一起丢失。',
    ios: '请先安装到主屏幕', iosText: 'iPhone 会在 7 天后清除网页数据，主屏幕应用有自己的存储。请在安装好的应用里开通。', iosHow: '点分享按钮，选择「添加到主屏幕」。',
    install: '安装到主屏幕', installText: '打开更快，数据更不容易被系统清除。', installButton: '安装', notNow: '暂不', insecure: '这不是安全连接', insecureText: '数字证书只能在 https 网址下使用。',
  },
  events: { live: '实时更新', reconnecting: '正在重新连接' },
  amount: { in: '收入', out: '支出' },
}
