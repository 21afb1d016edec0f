import { expect } from 'chai'
import { encodeFrame, FrameDecoder } from '../../../src/p2p/engine/frames.ts'
import { decodeResponse, isRemote } from '../../../src/p2p/engine/wire.ts'
import { identityFromSeed, identityVerifier } from '../../../src/p2p/identity.ts'
import { namesOf } from '../../../src/p2p/names.ts'
import { bundleFromMap, bundleToMap, oneChunk } from '../../../src/protocol/bundle.ts'
import { collectBytes } from '../../../src/protocol/byte-source.ts'
import { decode, encode, fromHex, toHex } from '../../../src/protocol/codec.ts'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { RECORD_MAX } from '../../../src/protocol/limits.ts'
import { methods, type Method } from '../../../src/protocol/methods.ts'
import { operatorAddress } from '../../../src/settlement/keys/operator.ts'
import { recoverAddress } from 'ethers/transaction'
import { createRecipientKey } from '../../../src/storage/hpke.ts'
import { openStream } from '../../../src/storage/seal.ts'
import { changes, computeGolden, readGolden, type Golden } from '../../golden/files.ts'
import type { Invalid } from '../../golden/invalid.ts'
import { NETWORK } from '../../golden/messages.ts'
import { filled } from '../../support/records.ts'
import { samples } from '../../support/schemas.ts'

const FRAME = 500

describe('golden vectors', () => {
  let golden: Golden
  before(async () => {
    golden = (await readGolden()) as Golden
  })

  it('are what the program makes; one that changes needs another protocol id', async () => {
    const now = await computeGolden(golden)
    expect(changes(golden, now)).to.deep.equal([])
    expect(Object.keys(golden.messages)).to.deep.equal(Object.keys(now.messages))
    expect(golden.invalid.length).to.equal(now.invalid.length)
  })

  it('a changed message under an unchanged id is a change; under a new id it is none', () => {
    const [id = '', conversation] = Object.entries(golden.messages)[0] ?? []
    const other = { ...conversation, request: { body: '0x', frame: '0x' } }
    const same = { ...golden, messages: { ...golden.messages, [id]: other } }
    expect(changes(golden, same)).to.deep.equal([
      `messages > ${id} > request > body`,
      `messages > ${id} > request > frame`
    ])
    const { [id]: _, ...rest } = golden.messages
    expect(changes(golden, { ...golden, messages: { ...rest, [`${id}0`]: other } })).to.deep.equal([])
    expect(changes(golden, { ...golden, signatures: {} })).not.to.deep.equal([])
  })

  it('every message is read from its frame by the method of its id, and every refusal too', () => {
    for (const m of Object.values(methods) as Method<unknown, unknown>[]) {
      const conversation = golden.messages[namesOf(NETWORK).method(m.name, m.version)]
      if (conversation === undefined) return expect.fail(`no vectors of ${m.name}/${m.version}`)
      for (const { body, frame } of [conversation.request, ...conversation.responses]) {
        const decoder = new FrameDecoder(Math.max(m.requestMax, m.responseMax))
        decoder.push(fromHex(frame))
        expect(toHex(decoder.next() ?? new Uint8Array(0))).to.equal(body)
        expect(toHex(encodeFrame(fromHex(body), RECORD_MAX * 8))).to.equal(frame)
      }
      const request = decode(m.request, fromHex(conversation.request.body), m.name, m.requestMax)
      expect(toHex(encode(request))).to.equal(conversation.request.body)
      const refusal = conversation.responses.at(-1)
      for (const r of conversation.responses) {
        const read = () => decodeResponse(m.response, fromHex(r.body), m.name, m.responseMax)
        if (r === refusal)
          expect(read)
            .to.throw()
            .that.satisfies((e: unknown) => isRemote(e) && isShoalError(e, 'NOT_FOUND'))
        else expect(read).not.to.throw()
      }
    }
  })

  it('every signature is made by the key that it names', async () => {
    for (const [type, v] of Object.entries(golden.signatures.typed)) {
      expect(v.signer, type).to.equal(operatorAddress(filled(v.secretByte)))
      expect(recoverAddress(v.digest, v.signature), type).to.equal(v.signer)
    }
    for (const [kind, v] of Object.entries(golden.signatures.identity)) {
      expect(v.peer, kind).to.equal(identityFromSeed(filled(v.seedByte)).peerId)
      const peer = v.peer as Parameters<typeof identityVerifier.verify>[0]
      expect(await identityVerifier.verify(peer, fromHex(v.bytes), fromHex(v.signature)), kind).to.equal(true)
      expect(
        await identityVerifier.verify(peer, fromHex(v.bytes + '00'), fromHex(v.signature)),
        kind
      ).to.equal(false)
    }
  })

  it('sealed content opens to its plain bytes, the wrapped key to its key, the bundle to its files', async () => {
    for (const [name, v] of Object.entries(golden.sealed.sealed)) {
      const open = openStream(oneChunk(fromHex(v.sealed)), fromHex(v.key), fromHex(v.context))
      expect(toHex(await collectBytes(open, 1_000)), name).to.equal(v.plain)
    }
    const { wrapped: w, bundle } = golden.sealed
    const recipient = await createRecipientKey(fromHex(w.seed))
    expect(toHex(recipient.publicKey)).to.equal(w.recipient)
    expect(toHex(await recipient.unwrap(fromHex(w.wrapped), fromHex(w.context)))).to.equal(w.key)
    const files = await bundleToMap(oneChunk(fromHex(bundle.bytes)), { maxFiles: 9, maxBytes: 999 })
    expect(Object.fromEntries([...files].map(([k, v]) => [k, toHex(v)]))).to.deep.equal(bundle.files)
    expect(toHex(bundleFromMap(files))).to.equal(bundle.bytes)
  })

  it('every invalid input is refused with its code', async () => {
    const all = new Map((await samples()).map(s => [s.name, s]))
    const run = async (v: Invalid): Promise<unknown> => {
      const bytes = fromHex(v.bytes)
      if (v.decoder === 'bundle') return await bundleToMap(oneChunk(bytes), { maxFiles: 9, maxBytes: 999 })
      if (v.decoder === 'sealed')
        return await collectBytes(openStream(oneChunk(bytes), filled(3), filled(4)), 999)
      if (v.decoder === 'frame') {
        const decoder = new FrameDecoder(FRAME)
        decoder.push(bytes)
        return decoder.next()
      }
      const sample = all.get(v.decoder)
      if (sample === undefined) return expect.fail(`no decoder ${v.decoder}`)
      return decode(sample.schema, bytes, v.decoder, RECORD_MAX)
    }
    for (const v of golden.invalid) {
      const said = await run(v).then(
        () => 'taken',
        (e: unknown) => e
      )
      expect(isShoalError(said, v.code), `${v.decoder}, ${v.why}: ${String(said)}`).to.equal(true)
    }
  })
})
