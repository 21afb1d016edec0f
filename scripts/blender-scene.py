"""
Makes examples/blender-frames/scene.blend, by Blender itself: three shapes that turn around one another above a floor, for 8 frames.

    blender --background --factory-startup -noaudio --python scripts/blender-scene.py -- examples/blender-frames/scene.blend
"""
import math
import os
import sys

import bpy

target = os.path.abspath(sys.argv[sys.argv.index('--') + 1])
bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
scene.frame_start, scene.frame_end = 1, 8


def material(name, colour, roughness, metallic):
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    shader = made.node_tree.nodes['Principled BSDF']
    shader.inputs['Base Color'].default_value = (*colour, 1)
    shader.inputs['Roughness'].default_value = roughness
    shader.inputs['Metallic'].default_value = metallic
    return made


def shape(add, look, **more):
    add(**more)
    made = bpy.context.object
    made.data.materials.append(look)
    return made


bpy.ops.object.empty_add(location=(0, 0, 0))
centre = bpy.context.object
shape(bpy.ops.mesh.primitive_plane_add, material('floor', (0.55, 0.57, 0.6), 0.6, 0), size=40)
shapes = [
    shape(bpy.ops.mesh.primitive_uv_sphere_add, material('ball', (0.85, 0.2, 0.12), 0.25, 0), segments=24, ring_count=12, location=(1.8, 0, 1)),
    shape(bpy.ops.mesh.primitive_torus_add, material('ring', (0.9, 0.7, 0.25), 0.2, 1), major_segments=24, minor_segments=10, location=(-0.9, 1.56, 1)),
    shape(bpy.ops.mesh.primitive_cube_add, material('box', (0.1, 0.35, 0.75), 0.5, 0), size=1.4, location=(-0.9, -1.56, 0.9)),
]
for made in shapes:
    made.parent = centre
for polygon in shapes[0].data.polygons:
    polygon.use_smooth = True
for frame, turn in ((1, 0), (9, 1)):
    centre.rotation_euler.z = turn * math.tau / 3
    centre.keyframe_insert('rotation_euler', frame=frame)
for curve in centre.animation_data.action.fcurves:
    for point in curve.keyframe_points:
        point.interpolation = 'LINEAR'

bpy.ops.object.light_add(type='SUN', rotation=(0.7, 0.15, 0.6))
bpy.context.object.data.energy = 3
bpy.context.object.data.angle = 0.05
scene.world = bpy.data.worlds.new('sky')
scene.world.use_nodes = True
scene.world.node_tree.nodes['Background'].inputs['Color'].default_value = (0.45, 0.6, 0.85, 1)
bpy.ops.object.camera_add(location=(0, -8.5, 4.6), rotation=(math.radians(66), 0, 0))
scene.camera = bpy.context.object
bpy.ops.file.pack_all()
bpy.ops.wm.save_as_mainfile(filepath=target, compress=True, check_existing=False)
