module quickstart

go 1.24

require (
	github.com/avatarpool/pulumi-avatarpool/sdk/go/avatarpool v0.0.0
	github.com/pulumi/pulumi-kubernetes/sdk/v4 v4.34.2
	github.com/pulumi/pulumi/sdk/v3 v3.215.0
)
