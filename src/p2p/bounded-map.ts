export { BoundedMap } from '../protocol/bounded-map.ts'
