/** The container engine with the real podman. */
import { expect } from 'chai'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { containerProcesses } from '../../../src/executor/container/adapters/container-process.ts'
import { openContainers, testContainers } from '../../../src/executor/container/adapters/open.ts'
import { sweepFolders } from '../../../src/executor/container/adapters/job-folder.ts'
import { ContainerEngine } from '../../../src/executor/container/engine.ts'
import type { ImagePolicy } from '../../../src/executor/container/image.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import { containerLeftovers, needContainers, shellImage } from '../../support/container.ts'
import { dataTask, runToEnd, type DataTask } from '../../support/onnx.ts'
import { limitOf, noLog, recorder, text } from '../../support/tasks.ts'

const version = '4.3.1'
const engineWith = (policy: ImagePolicy): ContainerEngine =>
  new ContainerEngine({
    ...{ clock: systemClock, log: noLog, process: containerProcesses('x64'), version, policy }
  })

describe('the container engine', function () {
  this.timeout(120_000)
  const engine = engineWith({ images: [], uploads: true })
  let image: Uint8Array
  before(function () {
    needContainers(this)
    image = shellImage()
  })

  const shell = (script: string, more: Partial<DataTask> = {}) =>
    runToEnd(
      engine,
      dataTask({
        ...{ module: image, files: new Map(), args: ['/bin/sh', '-c', script] },
        ...more,
        limits: { memoryBytes: 64 << 20, outputBytes: 4 << 20, ...more.limits }
      })
    )
  const said = async (script: string, more: Partial<DataTask> = {}): Promise<string[]> => {
    const { outcome, heard } = await shell(script, more)
    expect(outcome, heard.lines.join('\n')).to.include({ status: 'done' })
    return heard.lines.slice(1) // the supervisor's own word comes first
  }

  it('reads /in, writes /out, hears its shard, tells progress, is billed; it runs as nobody', async () => {
    const { outcome, heard, output } = await shell(
      `cat /in/name > /out/greeting; mkdir /out/deep; echo $SHOAL_SHARD/$SHOAL_SHARDS > /out/deep/shard; id -u
       echo '{"progress":0.5,"note":"half"}'; echo trouble >&2; i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done`,
      { files: new Map([['name', text('hello')]]), shard: 2, shards: 5 }
    )
    expect(outcome, heard.lines.join('\n')).to.include({ status: 'done' })
    expect([...output].map(([path, data]) => [path, String(Buffer.from(data))])).to.deep.equal([
      ['deep/shard', '2/5\n'],
      ['greeting', 'hello']
    ])
    expect(heard.lines).to.include.members(['out:65534', 'err:trouble'])
    expect(heard.progress.map(([fraction]) => fraction)).to.include(0.5)
    expect(outcome.gas > 100_000_000n && outcome.gas < 20_000_000_000n, String(outcome.gas)).to.equal(true)
  })

  it('keeps checkpoints, and a run that was killed goes on from the last one', async () => {
    const script = `n=$(cat /ckpt/n 2>/dev/null || echo 0); echo from $n
      while [ $n -lt 6 ]; do n=$((n+1)); echo $n > /ckpt/n.tmp; mv /ckpt/n.tmp /ckpt/n; sleep 0.6; done; cp /ckpt/n /out/n`
    const stop = new AbortController()
    let kept: Uint8Array | undefined
    const run = await engine.prepare(
      dataTask({ module: image, files: new Map(), args: ['/bin/sh', '-c', script] }),
      stop.signal
    )
    const heard = recorder(async c => {
      kept = c.bundle
      stop.abort()
    })
    await run.run(heard, stop.signal).then(
      () => expect.fail('it was not cancelled'),
      (e: Error) => expect(e).to.include({ code: 'CANCELLED' })
    )
    await run.dispose()
    const rest = await shell(script, { checkpoint: kept })
    expect(rest.outcome).to.include({ status: 'done' })
    expect(rest.heard.lines[1]).to.match(/^out:from [1-5]$/)
    expect(String(Buffer.from(rest.output.get('n') ?? []))).to.equal('6\n')
  })

  it('hostile: network, namespaces, places that are not its own', async () => {
    const heard = await said(
      `nc -w 1 127.0.0.1 1 2>&1; nc -w 1 10.0.0.1 53 2>&1; unshare -U id 2>&1; unshare -m id 2>&1
       echo x 2>&1 > /x; echo x 2>&1 > /in/x; echo x > /proc/sys/kernel/core_pattern
       cat /etc/secret-of-the-image; ls /ckpt/..; env
       dd if=/dev/zero of=/tmp/f bs=1M count=100 2>&1 | head -1; ls -l /dev; wc -l < /proc/net/dev; true`
    )
    const all = heard.join('\n')
    expect(all.match(/nc: socket.*not supported/g), all).to.have.length(2)
    expect(all.match(/unshare: unshare.*not permitted/g), all).to.have.length(2)
    expect(all.match(/can't create .*(Read-only|ermission)/g), all).to.have.length(3)
    expect(all, all).to.match(/secret-of-the-image'?: Permission denied/)
    expect(all, all).to.match(/^out:3$/m) // the heading and one line: the loopback device alone
    expect(all, all).to.match(/No space|[Ff]ile (size limit|too large)/)
    expect(all, all).not.to.match(/vda|mem$|kmsg/m)
  })

  it('hostile: links and pipes in /out lead nowhere', async () => {
    const { output } = await shell(
      `ln -s /etc/shadow /out/shadow; ln -s / /out/root; mkdir /out/real; echo 1 > /out/real/file; ln /out/real/file /out/twice
       while true; do mv /out/real /out/away; ln -s /etc /out/real; rm /out/real; mv /out/away /out/real; done & sleep 1; kill $!; wait; mv /out/away /out/real 2>/dev/null; true`
    )
    expect([...output.keys()].filter(path => !/^(real\/|away\/|twice)/.test(path))).to.deep.equal([])
    expect(output.size).to.be.greaterThan(0)
    for (const data of output.values()) expect(String(Buffer.from(data))).to.equal('1\n')
  })

  it('hostile: a fork bomb, too much memory, output without end, log without end, time, processor time', async () => {
    const bomb = await shell('f() { f | f & f; }; f 2>/dev/null; true', { limits: { wallMs: 6_000 } })
    expect(bomb.outcome.status).not.to.equal('done')
    const eater = 'a=x; while true; do a=$a$a$a$a; done'
    expect(
      limitOf((await shell(eater, { limits: { outputBytes: 1 << 20, memoryBytes: 16 << 20 } })).outcome)
    ).to.equal('memory')
    const disk = await shell(
      'i=0; while dd if=/dev/zero of=/out/$i bs=1M count=4 2>/dev/null; do i=$((i+1)); done; rm -f /out/*; echo $i'
    )
    expect(
      Number(/^out:(\d+)$/.exec(disk.heard.lines.at(-1) ?? '')?.[1]),
      disk.heard.lines.join()
    ).to.be.within(1, 40)
    expect(limitOf((await shell('dd if=/dev/zero of=/out/a bs=1M count=5; true')).outcome)).to.equal('output')
    expect(limitOf((await shell('seq 1 100000000')).outcome)).to.equal('log')
    expect(limitOf((await shell('sleep 100', { limits: { wallMs: 2_000 } })).outcome)).to.equal('wall')
    expect(
      limitOf((await shell('while true; do :; done', { limits: { gas: 500_000_000n } })).outcome)
    ).to.equal('gas')
  })

  it('hostile images: none, cut off, one that wants volumes', async () => {
    const refused = async (module: Uint8Array): Promise<string> =>
      await runToEnd(engine, dataTask({ module, files: new Map(), args: [] })).then(
        ({ outcome }) => expect.fail(`it was taken: ${outcome.status}`),
        (e: { code: string; message: string }) => `${e.code}: ${e.message}`
      )
    expect(await refused(text('nothing'))).to.match(/^MODULE_INVALID: .*neither/)
    expect(await refused(image.slice(0, image.length - 700_000))).to.match(
      /^MODULE_INVALID: podman cannot load/
    )
    const volume = shellImage({ Volumes: { '/bin': {}, '/data': {} }, Env: ['A=1'] })
    const heard = await said('echo x > /data/x; echo $A', { module: volume })
    expect(heard.join('\n')).to.match(/can't create \/data\/x/)
    expect(heard).to.include('out:1')
  })

  it('runs images of the owner by digest, and no others', async function () {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-images-'))
    const podman = (...args: string[]): string =>
      spawnSync('podman', args, { encoding: 'utf8' }).stdout.trim()
    const tag = `localhost/shoal-test-${process.pid}:1`
    try {
      writeFileSync(join(folder, 'image.tar'), image)
      const id =
        /([0-9a-f]{64})/.exec(podman('load', '--quiet', '--input', join(folder, 'image.tar')))?.[1] ?? ''
      podman('tag', id, tag)
      const name = podman('image', 'inspect', '--format', '{{index .RepoDigests 0}}', tag)
      const policy = { images: [name], uploads: false }
      const host = { version }
      const opened = await openContainers({ clock: systemClock, log: noLog, host, policy, gpu: false })
      const module = text(JSON.stringify({ image: name }))
      const task = dataTask({ module, files: new Map(), args: ['/bin/sh', '-c', 'echo here'] })
      const { heard } = await runToEnd(opened, task)
      expect(heard.lines).to.include('out:here')
      for (const other of [
        image,
        text(JSON.stringify({ image: name.replace(/.$/, c => (c === '0' ? '1' : '0')) }))
      ])
        await runToEnd(opened, dataTask({ module: other, files: new Map(), args: [] })).then(
          () => expect.fail('it was taken'),
          (e: Error) => expect(e.message).to.contain('does not run')
        )
    } finally {
      podman('rmi', '--force', tag)
      rmSync(folder, { recursive: true })
    }
  })

  it('its self-test passes, and notices when the kernel filters no calls', async () => {
    const host = { version }
    expect(await testContainers({ clock: systemClock, log: noLog, host })).to.deep.equal([])
    const open = await testContainers({ clock: systemClock, log: noLog, host }, { seccomp: true })
    expect(open).to.include('not true: no sockets of the internet')
    expect(open).to.include('not true: no user namespaces')
  })

  it('nothing is left, also after a peer that was killed', async () => {
    expect(containerLeftovers()).to.deep.equal([])
    const script = fileURLToPath(new URL('../../support/container-peer.ts', import.meta.url))
    const peer = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    for await (const chunk of peer.stdout) if (String(chunk).includes('running')) break
    expect(containerLeftovers()).not.to.deep.equal([])
    peer.kill('SIGKILL')
    await new Promise(done => peer.once('exit', done))
    await sweepFolders()
    expect(containerLeftovers()).to.deep.equal([])
  })
})
