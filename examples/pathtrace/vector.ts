/** Three numbers in a row in memory: points, directions, colours. Every function writes into `out`, so a ray allocates nothing. */
export class Vec3 {
  constructor(public x: f64 = 0, public y: f64 = 0, public z: f64 = 0) {}

  @inline
  set(x: f64, y: f64, z: f64): Vec3 {
    this.x = x;
    this.y = y;
    this.z = z;
    return this;
  }

  @inline
  copy(a: Vec3): Vec3 {
    return this.set(a.x, a.y, a.z);
  }

  /** Adds `a` times `s`. */
  @inline
  addScaled(a: Vec3, s: f64): Vec3 {
    return this.set(this.x + a.x * s, this.y + a.y * s, this.z + a.z * s);
  }

  @inline
  scale(s: f64): Vec3 {
    return this.set(this.x * s, this.y * s, this.z * s);
  }

  @inline
  multiply(a: Vec3): Vec3 {
    return this.set(this.x * a.x, this.y * a.y, this.z * a.z);
  }

  @inline
  dot(a: Vec3): f64 {
    return this.x * a.x + this.y * a.y + this.z * a.z;
  }

  @inline
  normalize(): Vec3 {
    return this.scale(1 / sqrt<f64>(this.dot(this)));
  }

  cross(a: Vec3, b: Vec3): Vec3 {
    return this.set(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
  }
}

/** PCG32: small, fast, the same everywhere. */
export class Random {
  private state: u64 = 0;

  /** Each pair of numbers has its own stream, so that a pixel looks the same whoever renders it, and in whatever order. */
  seed(seed: u64, stream: u64): void {
    this.state = (seed * 0x9e3779b97f4a7c15) ^ (stream * 0xbf58476d1ce4e5b9);
    this.next();
    this.next();
  }

  @inline
  next(): f64 {
    const old = this.state;
    this.state = old * 6364136223846793005 + 1442695040888963407;
    const shifted = <u32>(((old >> 18) ^ old) >> 27);
    return <f64>rotr<u32>(shifted, <u32>(old >> 59)) * (1.0 / 4294967296.0);
  }

  /** A point in the unit ball. */
  inBall(out: Vec3): Vec3 {
    do out.set(this.next() * 2 - 1, this.next() * 2 - 1, this.next() * 2 - 1);
    while (out.dot(out) >= 1);
    return out;
  }
}
