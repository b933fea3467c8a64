export const money = {
  title: '首页',
}
