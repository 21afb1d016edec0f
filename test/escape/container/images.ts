import { contents } from './image-contents.ts'
import { descriptions } from './image-descriptions.ts'
import type { HostileImage } from './image-kit.ts'
import { links } from './image-links.ts'
import { tars } from './image-tars.ts'

export const hostileImages: readonly HostileImage[] = [...descriptions, ...links, ...contents, ...tars]
