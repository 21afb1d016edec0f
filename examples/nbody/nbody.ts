/** Bodies under gravity, over many steps, with checkpoints; see README.md. */
import { fail, numberOption, print, progress, readFile, saveCheckpoint, writeText } from "../lib/wasi";

const NAME = "state.bin";
const DT: f64 = 0.0005;
/** Keeps the force finite when two bodies meet. */
const SOFTENING: f64 = 0.01;

/** Position, velocity, acceleration and mass of each body, one array for each number. */
class Bodies {
  /** x, y, z, vx, vy, vz of each body: what a checkpoint holds. */
  state: StaticArray<f64>;
  private force: StaticArray<f64>;
  private mass: StaticArray<f64>;

  constructor(public count: i32) {
    this.state = new StaticArray<f64>(count * 6);
    this.force = new StaticArray<f64>(count * 3);
    this.mass = new StaticArray<f64>(count);
    this.begin();
  }

  /** A heavy body in the middle; the others around it on orbits that are nearly circles. */
  private begin(): void {
    let seed: u64 = 42;
    this.mass[0] = 1;
    for (let i = 1; i < this.count; i++) {
      seed = seed * 6364136223846793005 + 1442695040888963407;
      const radius = 0.6 + 0.4 * <f64>i;
      // A point on the unit circle without sine and cosine: t -> ((1 - t^2) / (1 + t^2), 2t / (1 + t^2)).
      const t = <f64>(seed >> 40) / 8388608.0 - 1;
      const side: f64 = (seed & 0x100000) == 0 ? 1 : -1;
      const c = (side * (1 - t * t)) / (1 + t * t);
      const s = (2 * t) / (1 + t * t);
      const speed = sqrt<f64>(1 / radius);
      this.mass[i] = 0.0001 * <f64>(1 + (i % 7));
      this.put(i, radius * c, radius * s, 0.01 * t, -speed * s, speed * c, 0.005 * side);
    }
    this.accelerate();
  }

  private put(i: i32, x: f64, y: f64, z: f64, vx: f64, vy: f64, vz: f64): void {
    const at = i * 6;
    this.state[at] = x;
    this.state[at + 1] = y;
    this.state[at + 2] = z;
    this.state[at + 3] = vx;
    this.state[at + 4] = vy;
    this.state[at + 5] = vz;
  }

  /** The pull of all bodies on each, from their places alone. */
  accelerate(): void {
    const state = this.state;
    const force = this.force;
    const mass = this.mass;
    memory.fill(changetype<usize>(force), 0, <usize>force.length * 8);
    for (let i = 0; i < this.count; i++) {
      for (let j = i + 1; j < this.count; j++) {
        const x = unchecked(state[j * 6] - state[i * 6]);
        const y = unchecked(state[j * 6 + 1] - state[i * 6 + 1]);
        const z = unchecked(state[j * 6 + 2] - state[i * 6 + 2]);
        const d2 = x * x + y * y + z * z + SOFTENING * SOFTENING;
        const pull = 1 / (d2 * sqrt<f64>(d2));
        this.push(i, x, y, z, pull * unchecked(mass[j]));
        this.push(j, x, y, z, -pull * unchecked(mass[i]));
      }
    }
  }

  @inline
  private push(i: i32, x: f64, y: f64, z: f64, by: f64): void {
    const force = this.force;
    unchecked(force[i * 3] += x * by);
    unchecked(force[i * 3 + 1] += y * by);
    unchecked(force[i * 3 + 2] += z * by);
  }

  /** Leapfrog: half a kick, a drift, half a kick. Keeps the energy bounded over any number of steps. */
  step(): void {
    this.kick();
    for (let i = 0; i < this.count * 6; i += 6) {
      for (let k = 0; k < 3; k++) unchecked(this.state[i + k] += this.state[i + k + 3] * DT);
    }
    this.accelerate();
    this.kick();
  }

  private kick(): void {
    for (let i = 0; i < this.count; i++) {
      for (let k = 0; k < 3; k++) unchecked(this.state[i * 6 + 3 + k] += this.force[i * 3 + k] * (DT / 2));
    }
  }

  energy(): f64 {
    const state = this.state;
    const mass = this.mass;
    let sum: f64 = 0;
    for (let i = 0; i < this.count; i++) {
      const at = i * 6;
      const v2 = state[at + 3] * state[at + 3] + state[at + 4] * state[at + 4] + state[at + 5] * state[at + 5];
      sum += 0.5 * mass[i] * v2;
      for (let j = i + 1; j < this.count; j++) {
        const x = state[j * 6] - state[at];
        const y = state[j * 6 + 1] - state[at + 1];
        const z = state[j * 6 + 2] - state[at + 2];
        sum -= (mass[i] * mass[j]) / sqrt<f64>(x * x + y * y + z * z + SOFTENING * SOFTENING);
      }
    }
    return sum;
  }

  /** FNV-1a over the state's bytes, as hex: two runs that agree here agree in every bit. */
  digest(): string {
    let hash: u64 = 0xcbf29ce484222325;
    const start = changetype<usize>(this.state);
    for (let i: usize = 0; i < <usize>this.state.length * 8; i++) hash = (hash ^ load<u8>(start + i)) * 0x100000001b3;
    return hash.toString(16).padStart(16, "0");
  }
}

/** Count of bodies and steps done, then the state. The buffer is used again for each checkpoint. */
function save(bodies: Bodies, done: i32, bytes: Uint8Array): void {
  store<i32>(bytes.dataStart, bodies.count);
  store<i32>(bytes.dataStart, done, 4);
  memory.copy(bytes.dataStart + 8, changetype<usize>(bodies.state), bodies.state.length * 8);
  saveCheckpoint(NAME, bytes);
}

/** Steps done according to the checkpoint, whose state is taken over; 0 without one that fits. */
function restore(bodies: Bodies): i32 {
  const bytes = readFile("/ckpt/" + NAME);
  if (bytes == null || bytes.length != 8 + bodies.state.length * 8) return 0;
  if (load<i32>(bytes.dataStart) != bodies.count) return 0;
  memory.copy(changetype<usize>(bodies.state), bytes.dataStart + 8, bodies.state.length * 8);
  bodies.accelerate();
  const done = load<i32>(bytes.dataStart, 4);
  print("resumed at step " + done.toString());
  return done;
}

const count = numberOption("bodies", 24);
const steps = numberOption("steps", 200000);
const every = numberOption("every", 10000);
if (count < 2 || count > 10000 || every < 1) fail("--bodies takes 2 to 10000, --every at least 1");
const bodies = new Bodies(count);
const buffer = new Uint8Array(8 + bodies.state.length * 8);
const before = bodies.energy();
for (let done = restore(bodies); done < steps; ) {
  bodies.step();
  done++;
  if (done % every == 0 || done == steps) progress(done, steps, "step " + done.toString());
  if (done % every == 0 && done < steps) save(bodies, done, buffer);
}
const after = bodies.energy();
const lines = [
  "bodies " + count.toString(),
  "steps " + steps.toString(),
  "energy before " + before.toString(),
  "energy after " + after.toString(),
  "digest " + bodies.digest(),
];
writeText("/out/final.txt", lines.join("\n") + "\n");
