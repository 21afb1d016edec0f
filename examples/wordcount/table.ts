/** Counts byte strings: a hash table with open addressing over one arena. */

const FNV_OFFSET: u32 = 2166136261;
const FNV_PRIME: u32 = 16777619;

export class CountTable {
  /** Slots hold the number of an entry plus 1; 0 is free. Always a power of two, at most half full. */
  private slots: StaticArray<u32> = new StaticArray<u32>(1 << 16);
  private hashes: StaticArray<u32> = new StaticArray<u32>(1 << 15);
  private starts: StaticArray<u32> = new StaticArray<u32>(1 << 15);
  private lengths: StaticArray<u32> = new StaticArray<u32>(1 << 15);
  private counts: StaticArray<u64> = new StaticArray<u64>(1 << 15);
  private arena: StaticArray<u8> = new StaticArray<u8>(1 << 20);
  private used: i32 = 0;
  size: i32 = 0;

  add(key: usize, length: i32, count: u64): void {
    let hash = FNV_OFFSET;
    for (let i = 0; i < length; i++) hash = (hash ^ load<u8>(key + i)) * FNV_PRIME;
    hash ^= hash >> 15;
    const mask = this.slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const found = unchecked(this.slots[slot]);
      if (found == 0) {
        unchecked(this.slots[slot] = this.insert(key, length, hash, count));
        if (this.size * 2 > this.slots.length) this.grow();
        return;
      }
      const entry = found - 1;
      if (unchecked(this.hashes[entry]) == hash && this.equals(entry, key, length)) {
        unchecked(this.counts[entry] += count);
        return;
      }
    }
  }

  private equals(entry: u32, key: usize, length: i32): bool {
    if (unchecked(this.lengths[entry]) != <u32>length) return false;
    return memory.compare(this.address(entry), key, length) == 0;
  }

  private address(entry: u32): usize {
    return changetype<usize>(this.arena) + unchecked(this.starts[entry]);
  }

  private insert(key: usize, length: i32, hash: u32, count: u64): u32 {
    if (this.used + length > this.arena.length) {
      const larger = new StaticArray<u8>((this.used + length) * 2);
      memory.copy(changetype<usize>(larger), changetype<usize>(this.arena), this.used);
      this.arena = larger;
    }
    memory.copy(changetype<usize>(this.arena) + this.used, key, length);
    const entry = this.size++;
    unchecked(this.hashes[entry] = hash);
    unchecked(this.starts[entry] = <u32>this.used);
    unchecked(this.lengths[entry] = <u32>length);
    unchecked(this.counts[entry] = count);
    this.used += length;
    return entry + 1;
  }

  private grow(): void {
    const slots = this.slots.length * 2;
    this.hashes = larger<u32>(this.hashes, slots / 2);
    this.starts = larger<u32>(this.starts, slots / 2);
    this.lengths = larger<u32>(this.lengths, slots / 2);
    this.counts = larger<u64>(this.counts, slots / 2);
    this.slots = new StaticArray<u32>(slots);
    for (let entry = 0; entry < this.size; entry++) {
      let slot = unchecked(this.hashes[entry]) & (slots - 1);
      while (unchecked(this.slots[slot]) != 0) slot = (slot + 1) & (slots - 1);
      unchecked(this.slots[slot] = entry + 1);
    }
  }

  /** Below zero when entry `a` comes before `b`: the higher count first, then the lower bytes. */
  private compare(a: u32, b: u32): i32 {
    const countA = unchecked(this.counts[a]);
    const countB = unchecked(this.counts[b]);
    if (countA != countB) return countA > countB ? -1 : 1;
    const lengthA = unchecked(this.lengths[a]);
    const lengthB = unchecked(this.lengths[b]);
    const order = memory.compare(this.address(a), this.address(b), min(lengthA, lengthB));
    return order != 0 ? order : <i32>lengthA - <i32>lengthB;
  }

  /** The entries in order, by heap sort: no recursion, no worst case. */
  private sorted(): StaticArray<u32> {
    const order = new StaticArray<u32>(this.size);
    for (let i = 0; i < this.size; i++) unchecked(order[i] = i);
    for (let root = this.size / 2 - 1; root >= 0; root--) this.sift(order, root, this.size);
    for (let end = this.size - 1; end > 0; end--) {
      const last = unchecked(order[end]);
      unchecked(order[end] = order[0]);
      unchecked(order[0] = last);
      this.sift(order, 0, end);
    }
    return order;
  }

  private sift(order: StaticArray<u32>, from: i32, end: i32): void {
    let root = from;
    const moved = unchecked(order[root]);
    for (let child = root * 2 + 1; child < end; child = root * 2 + 1) {
      if (child + 1 < end && this.compare(unchecked(order[child]), unchecked(order[child + 1])) < 0) child++;
      if (this.compare(moved, unchecked(order[child])) >= 0) break;
      unchecked(order[root] = order[child]);
      root = child;
    }
    unchecked(order[root] = moved);
  }

  /** Lines `count<TAB>key`, the first `top` of them (0: all). */
  toLines(top: i32): Uint8Array {
    const order = this.sorted();
    const lines = top > 0 && top < this.size ? top : this.size;
    let size = 0;
    for (let i = 0; i < lines; i++) {
      const entry = unchecked(order[i]);
      size += decimalLength(unchecked(this.counts[entry])) + 2 + <i32>unchecked(this.lengths[entry]);
    }
    const out = new Uint8Array(size);
    let at = out.dataStart;
    for (let i = 0; i < lines; i++) {
      const entry = unchecked(order[i]);
      const digits = decimalLength(unchecked(this.counts[entry]));
      let rest = unchecked(this.counts[entry]);
      for (let d = digits - 1; d >= 0; d--) {
        store<u8>(at + d, <u8>(48 + (rest % 10)));
        rest /= 10;
      }
      store<u8>(at + digits, 9);
      const length = unchecked(this.lengths[entry]);
      memory.copy(at + digits + 1, this.address(entry), length);
      store<u8>(at + digits + 1 + length, 10);
      at += digits + 2 + length;
    }
    return out;
  }
}

function decimalLength(value: u64): i32 {
  let digits = 1;
  for (let rest = value; rest >= 10; rest /= 10) digits++;
  return digits;
}

function larger<T>(old: StaticArray<T>, length: i32): StaticArray<T> {
  const out = new StaticArray<T>(length);
  memory.copy(changetype<usize>(out), changetype<usize>(old), <usize>old.length * sizeof<T>());
  return out;
}
