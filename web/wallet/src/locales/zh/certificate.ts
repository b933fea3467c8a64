export const certificate = {
  title: '数字证书',
}
