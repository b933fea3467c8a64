import { app } from './app'
import { certificate } from './certificate'
import { money } from './money'
import { person } from './person'

export default { app, certificate, money, person }
