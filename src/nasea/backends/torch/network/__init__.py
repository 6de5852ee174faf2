"""Operations, the supernet and the stand-alone network, with PyTorch."""
