# The image of AvatarPool. The first argument selects the operator, the gateway or a helper in worker pods.
#
# The names of the base images have no registry. If your builder does not find them, pass the full names:
#   docker build -t YOUR_REGISTRY/avatarpool:0.1.0 \
#     --build-arg RUNTIME_IMAGE=REGISTRY_WITH_DISTROLESS/distroless/nodejs24-debian12:nonroot .
ARG BUILD_IMAGE=node:24-slim
ARG RUNTIME_IMAGE=distroless/nodejs24-debian12:nonroot

# The result is JavaScript, so it is built once, on the builder's own architecture, for every architecture of the image.
FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json tsconfig.json ./
COPY pulumi/package.json pulumi/
# No install script is necessary: the image has Node 24, and esbuild's binary is a package.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY operator operator
COPY console console
COPY scripts scripts
RUN node scripts/build.ts

FROM ${RUNTIME_IMAGE}
COPY --from=build /src/dist/ /app/
# Kubernetes can verify only a numeric user for `runAsNonRoot`.
USER 65532:65532
ENV NODE_ENV=production
# Run major collections earlier and enlarge the young generation: docs/decisions/0011-probes-and-load.md has the figures.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=16", "--heap-growing-percent=50", "/app/avatarpool.mjs"]
CMD ["--help"]
