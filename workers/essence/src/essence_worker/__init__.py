"""CPU worker of AvatarPool: renders `.imx` avatars into LiveKit rooms behind the launch contract."""
