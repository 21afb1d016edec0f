/** Follows light backwards: from the eye through a pixel, from surface to surface, until it meets a light or the sky. */
import { CHECKER, DIFFUSE, GLASS, LIGHT, Material, METAL, Scene, Shape } from "./scene";
import { Random, Vec3 } from "./vector";

/** Nearer hits are the surface that the ray just left. */
const NEAR: f64 = 1e-4;

export class Tracer {
  private random: Random = new Random();
  private right: Vec3 = new Vec3();
  private up: Vec3 = new Vec3();
  private forward: Vec3 = new Vec3();
  // One ray at a time: its state, and room for steps on the way.
  private origin: Vec3 = new Vec3();
  private direction: Vec3 = new Vec3();
  private normal: Vec3 = new Vec3();
  private light: Vec3 = new Vec3();
  private throughput: Vec3 = new Vec3();
  private step: Vec3 = new Vec3();
  private sum: Vec3 = new Vec3();
  private distance: f64 = 0;

  constructor(private scene: Scene) {
    this.forward.copy(scene.target).addScaled(scene.eye, -1).normalize();
    this.right.cross(this.forward, new Vec3(0, 1, 0)).normalize();
    this.up.cross(this.right, this.forward);
  }

  /** The colour of a pixel, 0 to 1 for each part, as bytes at `out`. */
  pixel(x: i32, y: i32, out: usize): void {
    const scene = this.scene;
    this.random.seed(scene.seed, <u64>y * <u64>scene.width + <u64>x);
    const sum = this.sum.set(0, 0, 0);
    for (let i = 0; i < scene.samples; i++) {
      this.aim(x, y);
      this.trace();
      sum.addScaled(this.light, 1);
    }
    sum.scale(1 / <f64>scene.samples);
    store<u8>(out, toByte(sum.x));
    store<u8>(out + 1, toByte(sum.y));
    store<u8>(out + 2, toByte(sum.z));
  }

  /** A ray from a point of the lens through a point of the pixel. */
  private aim(x: i32, y: i32): void {
    const scene = this.scene;
    const height = <f64>scene.height;
    const u = ((<f64>x + this.random.next() - <f64>scene.width / 2) / height) * scene.opening;
    const v = ((height / 2 - <f64>y - this.random.next()) / height) * scene.opening;
    const d = this.direction.copy(this.forward).addScaled(this.right, u).addScaled(this.up, v);
    this.origin.copy(scene.eye);
    if (scene.lens > 0) {
      this.random.inBall(this.step).scale(scene.lens);
      d.scale(scene.focus);
      const dx = this.step.x;
      const dy = this.step.y;
      this.origin.addScaled(this.right, dx).addScaled(this.up, dy);
      d.addScaled(this.right, -dx).addScaled(this.up, -dy);
    }
    d.normalize();
  }

  private trace(): void {
    this.light.set(0, 0, 0);
    this.throughput.set(1, 1, 1);
    for (let depth = this.scene.depth; depth > 0; depth--) {
      const hit = this.nearest();
      if (hit == null) {
        this.sky();
        return;
      }
      this.origin.addScaled(this.direction, this.distance);
      if (hit.radius > 0) this.normal.copy(this.origin).addScaled(hit.centre, -1).scale(1 / hit.radius);
      else this.normal.set(0, 1, 0);
      if (!this.scatter(hit.material)) return;
    }
  }

  private sky(): void {
    const t = 0.5 * (this.direction.y + 1);
    this.light.copy(this.scene.horizon).scale(1 - t).addScaled(this.scene.zenith, t).multiply(this.throughput);
  }

  private nearest(): Shape | null {
    let found: Shape | null = null;
    let best: f64 = Infinity;
    const shapes = this.scene.shapes;
    for (let i = 0; i < shapes.length; i++) {
      const shape = unchecked(shapes[i]);
      const t = shape.radius > 0 ? this.hitSphere(shape) : (shape.centre.y - this.origin.y) / this.direction.y;
      if (t > NEAR && t < best) {
        best = t;
        found = shape;
      }
    }
    this.distance = best;
    return found;
  }

  private hitSphere(shape: Shape): f64 {
    const o = this.origin;
    const d = this.direction;
    const x = o.x - shape.centre.x;
    const y = o.y - shape.centre.y;
    const z = o.z - shape.centre.z;
    const b = x * d.x + y * d.y + z * d.z;
    const c = x * x + y * y + z * z - shape.radius * shape.radius;
    const root = b * b - c;
    if (root <= 0) return 0;
    const s = sqrt<f64>(root);
    return -b - s > NEAR ? -b - s : -b + s;
  }

  /** Turns the ray at a surface; false when it ends there. */
  private scatter(material: Material): bool {
    const kind = material.kind;
    if (kind == LIGHT) {
      this.light.copy(material.color).multiply(this.throughput);
      return false;
    }
    if (kind == GLASS) return this.refract(material.value);
    this.throughput.multiply(kind == CHECKER ? this.checker(material) : material.color);
    if (kind == METAL) {
      this.direction.addScaled(this.normal, -2 * this.direction.dot(this.normal));
      this.direction.addScaled(this.random.inBall(this.step), material.value).normalize();
      return this.direction.dot(this.normal) > 0;
    }
    if (this.direction.dot(this.normal) > 0) this.normal.scale(-1);
    this.random.inBall(this.step).normalize();
    this.direction.copy(this.normal).addScaled(this.step, 0.999).normalize();
    return true;
  }

  private checker(material: Material): Vec3 {
    const square = <i32>(floor(this.origin.x) + floor(this.origin.z));
    return (square & 1) == 0 ? material.color : material.second;
  }

  /** Glass: some light bounces off (Schlick), the rest bends. */
  private refract(index: f64): bool {
    const d = this.direction;
    const n = this.normal;
    let cosine = -d.dot(n);
    let ratio = 1 / index;
    if (cosine < 0) {
      n.scale(-1);
      cosine = -cosine;
      ratio = index;
    }
    const sine2 = ratio * ratio * (1 - cosine * cosine);
    const r0 = ((1 - ratio) / (1 + ratio)) * ((1 - ratio) / (1 + ratio));
    const m = 1 - cosine;
    if (sine2 > 1 || this.random.next() < r0 + (1 - r0) * m * m * m * m * m) d.addScaled(n, 2 * cosine);
    else d.scale(ratio).addScaled(n, ratio * cosine - sqrt<f64>(1 - sine2));
    d.normalize();
    return true;
  }
}

/** Gamma 2. */
function toByte(value: f64): u8 {
  return <u8>min<f64>(255, sqrt<f64>(max<f64>(0, value)) * 255.99);
}
