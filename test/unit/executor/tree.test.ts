import { expect } from 'chai'
import { FileNode, Quota } from '../../../src/executor/wasm/wasi/tree.ts'

describe('a file of a task', () => {
  it('that is cut and grows again holds zeros there, not what it held before', () => {
    const file = new FileNode(1n, new Uint8Array(0), new Quota('/out', 100))
    file.write(0, Uint8Array.of(1, 2, 3, 4))
    file.resize(1)
    file.resize(4)
    expect([...file.content()]).to.deep.equal([1, 0, 0, 0])
    file.resize(2)
    file.write(3, Uint8Array.of(9))
    expect([...file.content()]).to.deep.equal([1, 0, 0, 9])
  })
})
