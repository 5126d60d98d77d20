/** Import directions of the design: what decides is pure, two processes never import each other, one folder touches the client. */
const pure = "^operator/(api|engines|scaling|resources)/";
const decides = "^operator/pool/((planning|conditions)/|(plan|snapshot|delays|wording)[.]ts|report/status[.]ts|warmup/warmth[.]ts)";
const io = "^(node:)?(fs|net|http|https|child_process|dgram|tls|timers|os)(/|$)";

module.exports = {
  forbidden: [
    { name: "no-circular", severity: "error", from: {}, to: { circular: true, dependencyTypesNot: ["type-only"] } },
    {
      name: "processes-apart",
      comment: "operator and gateway share api, kube, engines, runtime and telemetry; they never import each other",
      severity: "error",
      from: { path: "^operator/(pool|scaling|resources)/" },
      to: { path: "^operator/gateway/" },
    },
    {
      name: "gateway-apart",
      severity: "error",
      from: { path: "^operator/gateway/" },
      to: { path: "^operator/(pool|scaling|resources|sidecar)/" },
    },
    {
      name: "pure-imports-pure",
      comment: "what decides takes data and returns data",
      severity: "error",
      from: { path: pure, pathNot: "[.]test[.]ts$" },
      to: { path: ["^operator/(kube|runtime|workers|pool|gateway|telemetry|sidecar)/", io], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "reconcile-decides-pure",
      comment: "gather and apply do the I/O of a reconcile; its plan, conditions and status import nothing that does",
      severity: "error",
      from: { path: decides, pathNot: "[.]test[.]ts$" },
      to: { path: ["^operator/", io], pathNot: [pure, decides], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "reconcile-types-not-circular",
      comment: "memory, Snapshot and plan are understood one after the other",
      severity: "error",
      from: { path: "^operator/pool/" },
      to: { circular: true },
    },
    {
      name: "client-node-only-in-kube",
      comment: "types may be used anywhere: they cost nothing at run time",
      severity: "error",
      from: { path: "^operator/", pathNot: "^operator/kube/" },
      to: { path: "node_modules/@kubernetes/client-node", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "engines-know-no-api",
      severity: "error",
      from: { path: "^operator/engines/" },
      to: { path: "^operator/(?!engines/)" },
    },
    {
      name: "runtime-knows-no-crd",
      severity: "error",
      from: { path: "^operator/runtime/" },
      to: { path: "^operator/(?!runtime/|telemetry/)" },
    },
    {
      name: "product-imports-no-test",
      severity: "error",
      from: { path: "^operator/", pathNot: "[.]test[.]ts$" },
      to: { path: "^(test|scripts|pulumi)/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { extensions: [".ts", ".js", ".mjs", ".cjs"], conditionNames: ["import", "types", "node"] },
  },
};
