export const money = {
  title: 'Home',
}
