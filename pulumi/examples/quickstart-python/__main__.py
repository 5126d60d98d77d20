"""The operator, and a pool of CPU workers that draw a test card."""

import avatarpool_avatarpool as avatarpool
import pulumi
import pulumi_kubernetes as kubernetes

config = pulumi.Config()

operator = avatarpool.AvatarPoolOperator(
    "operator",
    values=avatarpool.ChartValuesArgs(
        image=avatarpool.ChartImageArgs(registry=config.require("imageRegistry")),
    ),
)

namespace = kubernetes.core.v1.Namespace("avatars", metadata={"name": "avatars"})
secret = kubernetes.core.v1.Secret(
    "trial",
    metadata={"name": "trial", "namespace": namespace.metadata.name},
    # Test cards need no secret.
    string_data={"api-secret": "none"},
)

pool = avatarpool.AvatarPool(
    "trial",
    namespace=namespace.metadata.name,
    gateway_url=operator.gateway_url,
    wait_for_ready=config.require_bool("waitForReady"),
    spec=avatarpool.AvatarPoolSpecArgs(
        api_secret_ref=avatarpool.ApiSecretRefArgs(name=secret.metadata.name),
        # For test cards, no model is downloaded.
        presets=[
            avatarpool.PresetArgs(
                name="leo",
                model=avatarpool.PresetModelArgs(url="https://example.com/leo.imx"),
            )
        ],
        workers=[
            avatarpool.WorkerArgs(
                name="cpu",
                engine=avatarpool.WorkerEngine.ESSENCE,
                max=config.require_int("maxWorkers"),
                env=[avatarpool.WorkerEnvArgs(name="ESSENCE_RENDERER", value="testcard")],
            )
        ],
    ),
    opts=pulumi.ResourceOptions(depends_on=[operator]),
)

# The `api_url` of agents.
pulumi.export("launch_url", pool.launch_url)
pulumi.export("warm_slots", pool.warm_slots)
