/** One at a time, in order of arrival. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve()

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work)
    // the next one waits whether this one succeeds or fails; its caller sees the error
    this.#tail = result.then(
      () => undefined,
      () => undefined
    )
    return result
  }
}
