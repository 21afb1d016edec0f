/** The scene file; README.md tells its lines. */
import { fail } from "../lib/wasi";
import { Vec3 } from "./vector";

export const DIFFUSE: i32 = 0;
export const METAL: i32 = 1;
export const GLASS: i32 = 2;
export const LIGHT: i32 = 3;
export const CHECKER: i32 = 4;

export class Material {
  kind: i32 = DIFFUSE;
  color: Vec3 = new Vec3();
  /** The other squares of a checker. */
  second: Vec3 = new Vec3();
  /** Fuzz of a metal, refractive index of glass. */
  value: f64 = 0;
}

/** A sphere, or the plane of height `centre.y` when its radius is 0. */
export class Shape {
  constructor(public centre: Vec3, public radius: f64, public material: Material) {}
}

export class Scene {
  width: i32 = 320;
  height: i32 = 180;
  samples: i32 = 32;
  depth: i32 = 8;
  seed: i32 = 1;
  eye: Vec3 = new Vec3(0, 1, 5);
  target: Vec3 = new Vec3();
  /** Vertical opening of the camera, as the height of the picture one unit away. */
  opening: f64 = 0.6;
  /** Radius of the lens and distance at which the picture is sharp. */
  lens: f64 = 0;
  focus: f64 = 1;
  horizon: Vec3 = new Vec3(1, 1, 1);
  zenith: Vec3 = new Vec3(0.5, 0.7, 1);
  shapes: Shape[] = [];
}

/** The words of one line, taken from the left. */
class Words {
  private at: i32 = 1;

  constructor(private list: string[], private line: i32) {}

  word(): string {
    if (this.at >= this.list.length) fail("scene line " + this.line.toString() + " is too short");
    return this.list[this.at++];
  }

  number(): f64 {
    const word = this.word();
    const value = parseFloat(word);
    if (!isFinite(value)) fail("scene line " + this.line.toString() + ": " + word + " is no number");
    return value;
  }

  vector(): Vec3 {
    const x = this.number();
    const y = this.number();
    return new Vec3(x, y, this.number());
  }

  end(): void {
    if (this.at != this.list.length) fail("scene line " + this.line.toString() + " is too long");
  }
}

function readMaterial(words: Words): Material {
  const material = new Material();
  const kind = words.word();
  if (kind == "glass") {
    material.kind = GLASS;
    material.color.set(1, 1, 1);
    material.value = words.number();
    return material;
  }
  material.color = words.vector();
  if (kind == "metal") {
    material.kind = METAL;
    material.value = words.number();
  } else if (kind == "light") {
    material.kind = LIGHT;
  } else if (kind == "checker") {
    material.kind = CHECKER;
    material.second = words.vector();
  } else if (kind != "diffuse") {
    fail("scene: there is no material " + kind);
  }
  return material;
}

function readLine(scene: Scene, key: string, words: Words): void {
  if (key == "image") {
    scene.width = <i32>words.number();
    scene.height = <i32>words.number();
  } else if (key == "samples") scene.samples = <i32>words.number();
  else if (key == "depth") scene.depth = <i32>words.number();
  else if (key == "seed") scene.seed = <i32>words.number();
  else if (key == "camera") {
    scene.eye = words.vector();
    scene.target = words.vector();
    scene.opening = words.number();
  } else if (key == "lens") {
    scene.lens = words.number();
    scene.focus = words.number();
  } else if (key == "sky") {
    scene.horizon = words.vector();
    scene.zenith = words.vector();
  } else if (key == "sphere") {
    const centre = words.vector();
    const radius = words.number();
    scene.shapes.push(new Shape(centre, radius, readMaterial(words)));
  } else if (key == "plane") {
    const centre = new Vec3(0, words.number(), 0);
    scene.shapes.push(new Shape(centre, 0, readMaterial(words)));
  } else fail("scene: there is no line " + key);
}

export function parseScene(text: string): Scene {
  const scene = new Scene();
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const comment = lines[i].indexOf("#");
    const line = comment < 0 ? lines[i] : lines[i].substring(0, comment);
    const list = line.split(" ").map<string>(w => w.trim()).filter(w => w.length > 0);
    if (list.length == 0) continue;
    const words = new Words(list, i + 1);
    readLine(scene, list[0], words);
    words.end();
  }
  return scene;
}
