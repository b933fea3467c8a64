export const certificate = {
  title: 'Digital certificate',
}
