# The one image of AvatarPool: operator, gateway, and the helpers in worker pods, told apart by their first argument.
#
# The base images are named without a registry. Where your builder does not find them by these names, say where they are:
#   docker build -t YOUR_REGISTRY/avatarpool:0.1.0 \
#     --build-arg RUNTIME_IMAGE=REGISTRY_WITH_DISTROLESS/distroless/nodejs24-debian12:nonroot .
ARG BUILD_IMAGE=node:24-slim
ARG RUNTIME_IMAGE=distroless/nodejs24-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json tsconfig.json ./
COPY pulumi/package.json pulumi/
# No install script is needed: the image brings Node 24, and esbuild's binary is a package.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY operator operator
COPY pulumi pulumi
COPY charts charts
COPY scripts scripts
RUN node scripts/build.ts

FROM ${RUNTIME_IMAGE}
COPY --from=build /src/dist/ /app/
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
ENV NODE_ENV=production
# V8 lets its spaces for new objects grow, to 16 MB each, and does not give them back. With at most 4 MB a thousand new pools
# (`npm run bench:reconcile`) take the operator to 190 MB resident instead of 300, for a second more in the garbage collector.
# And it lets garbage pile up to twice or thrice of what lives before it collects all of it. With at most half as much again a
# gateway that knows 10,000 workers (`npm run bench:gateway`) stays below 200 MB instead of 280.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=16", "--heap-growing-percent=50", "/app/avatarpool.mjs"]
CMD ["--help"]
