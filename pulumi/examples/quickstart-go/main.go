// The operator, and a pool of CPU workers that draw a test card.
package main

import (
	"github.com/avatarpool/pulumi-avatarpool/sdk/go/avatarpool"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		settings := config.New(ctx, "")

		operator, err := avatarpool.NewAvatarPoolOperator(ctx, "operator", &avatarpool.AvatarPoolOperatorArgs{
			Values: &avatarpool.ChartValuesArgs{
				Image: &avatarpool.ChartImageArgs{Registry: pulumi.String(settings.Require("imageRegistry"))},
			},
		})
		if err != nil {
			return err
		}

		namespace, err := corev1.NewNamespace(ctx, "avatars", &corev1.NamespaceArgs{
			Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String("avatars")},
		})
		if err != nil {
			return err
		}
		secret, err := corev1.NewSecret(ctx, "trial", &corev1.SecretArgs{
			Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String("trial"), Namespace: namespace.Metadata.Name()},
			// Test cards need no secret.
			StringData: pulumi.StringMap{"api-secret": pulumi.String("none")},
		})
		if err != nil {
			return err
		}

		pool, err := avatarpool.NewAvatarPool(ctx, "trial", &avatarpool.AvatarPoolArgs{
			Namespace:    namespace.Metadata.Name().Elem(),
			GatewayUrl:   operator.GatewayUrl,
			WaitForReady: pulumi.Bool(settings.RequireBool("waitForReady")),
			Spec: &avatarpool.AvatarPoolSpecArgs{
				ApiSecretRef: &avatarpool.ApiSecretRefArgs{Name: secret.Metadata.Name().Elem()},
				// For test cards, no model is downloaded.
				Presets: avatarpool.PresetArray{&avatarpool.PresetArgs{
					Name:  pulumi.String("leo"),
					Model: &avatarpool.PresetModelArgs{Url: pulumi.String("https://example.com/leo.imx")},
				}},
				Workers: avatarpool.WorkerArray{&avatarpool.WorkerArgs{
					Name:   pulumi.String("cpu"),
					Engine: avatarpool.WorkerEngineEssence,
					Max:    pulumi.Float64(settings.RequireFloat64("maxWorkers")),
					Env: avatarpool.WorkerEnvArray{&avatarpool.WorkerEnvArgs{
						Name:  pulumi.String("ESSENCE_RENDERER"),
						Value: pulumi.String("testcard"),
					}},
				}},
			},
		}, pulumi.DependsOn([]pulumi.Resource{operator}))
		if err != nil {
			return err
		}

		// The `api_url` of agents.
		ctx.Export("launchUrl", pool.LaunchUrl)
		ctx.Export("warmSlots", pool.WarmSlots)
		return nil
	})
}
