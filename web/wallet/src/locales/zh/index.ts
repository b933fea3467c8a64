import { app } from './app'
import { certificate } from './certificate'
import { money } from './money'
import { person } from './person'
import { safety } from './safety'

export default { app, certificate, money, person, safety }
export { problems } from '@shared/locales/zh/problems'
