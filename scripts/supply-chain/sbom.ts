/** `npm run sbom`: what a user of the package installs, as CycloneDX, the same bytes each time. Written to dist/sbom.cdx.json, so that the package carries it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROOT } from './lockfile.ts'
import { must, npm } from './tool.ts'

interface Sbom {
  serialNumber?: string
  metadata?: { timestamp?: string; tools?: unknown; component?: { name?: string } }
  components?: { 'bom-ref': string; externalReferences?: unknown }[]
}

/** Without what differs between two runs or machines: time, number, tool versions, addresses of a registry. */
export function plain(sbom: Sbom): Sbom {
  const { serialNumber: _, metadata = {}, components = [], ...rest } = sbom
  const { timestamp: _t, tools: _o, ...kept } = metadata
  // npm names the root after its folder
  if (kept.component !== undefined) kept.component = { ...kept.component, name: 'shoal' }
  return {
    ...rest,
    metadata: kept,
    components: components
      .map(({ externalReferences: _e, ...c }) => c)
      .sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1))
  }
}

export function makeSbom(): Sbom {
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev', '--package-lock-only']
  return plain(JSON.parse(must('npm sbom', npm(args))) as Sbom)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const sbom = makeSbom()
  mkdirSync(join(ROOT, 'dist'), { recursive: true })
  writeFileSync(join(ROOT, 'dist', 'sbom.cdx.json'), JSON.stringify(sbom, null, 2) + '\n')
  console.log(`dist/sbom.cdx.json: ${sbom.components?.length ?? 0} components`)
}
