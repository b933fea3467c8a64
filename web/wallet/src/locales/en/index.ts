import type { Shape } from '@shared/locales'
import type zh from '../zh'
import { app } from './app'
import { certificate } from './certificate'
import { money } from './money'
import { person } from './person'

const en: Shape<typeof zh> = { app, certificate, money, person }
export default en
