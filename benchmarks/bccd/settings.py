"""What belongs to the data: blood cells at 160 x 120."""

SIZE = (120, 160)
CLASSES = ("RBC", "WBC", "Platelets")
MEAN, STD = (127.5, 127.5, 127.5), (127.5, 127.5, 127.5)
MIRROR = True
# Platelets are about 9 pixels high, red cells 25, white cells 45; all about as wide.
LEVELS = (
    (4, (10, 22), (0.8, 1.2)),
    (8, (28, 45), (0.8, 1.2)),
)
CHANNELS = (32, 64)
PATCH = 32
SCENES: dict[str, int] = {}
