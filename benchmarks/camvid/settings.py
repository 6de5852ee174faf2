"""What belongs to the data: streets at 160 x 120."""

SIZE = (120, 160)
CLASSES = (
    "sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian",
    "bicyclist",
)  # fmt: skip
VOID = (11, 255)
MEAN, STD = (127.5, 127.5, 127.5), (127.5, 127.5, 127.5)
MIRROR = True
CLASS_WEIGHTS = None
CHANNELS = (16, 64)
PATCH = 32
SCENES: dict[str, int] = {}
