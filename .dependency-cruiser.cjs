/** Import directions of the design: what decides is pure, two processes never import each other, one folder touches the client. */
const pure = "^operator/(api|engines|scaling|resources)/";
const decides =
  "^operator/pool/((planning|conditions)/|(plan|snapshot|delays|wording)[.]ts|report/status[.]ts|credits/ledger[.]ts|warmup/warmth[.]ts)";
const io = "^(node:)?(fs|net|http|https|child_process|dgram|tls|timers|os)(/|$)";

/**
 * The rooms of the gateway, from the top to the bottom. A room imports only rooms of later rows. Rooms of one row do not import
 * each other, except the files of the first row, which compose the process.
 */
const gatewayRooms = [
  ["index", "public-server", "startup-readiness", "pool-series"],
  ["http"],
  ["core"],
  ["admission", "form"],
  ["launch"],
  ["overflow", "claims", "queue", "load"],
  ["sessions"],
  ["workers"],
  ["errors"],
];
const gatewayPath = (rooms) => `^operator/gateway/(${rooms.join("|")})(/|[.]ts$)`;
const gatewayOrder = gatewayRooms.slice(1).flatMap((row, at) =>
  row.map((room) => ({
    name: `gateway-order-${room}`,
    comment: "type-only imports count too: what two rooms share lies below both",
    severity: "error",
    from: { path: gatewayPath([room]), pathNot: "[.]test[.]ts$" },
    to: { path: gatewayPath([...gatewayRooms.slice(0, at + 1).flat(), ...row.filter((other) => other !== room)]) },
  })),
);
const gatewayRoomsOnly = {
  name: "gateway-rooms-have-a-place",
  comment: "a new folder or file of the gateway gets its place in the order above",
  severity: "error",
  from: {},
  to: { path: "^operator/gateway/", pathNot: [gatewayPath(gatewayRooms.flat()), "[.]test[.]ts$"] },
};

module.exports = {
  forbidden: [
    { name: "no-circular", severity: "error", from: {}, to: { circular: true, dependencyTypesNot: ["type-only"] } },
    {
      name: "processes-apart",
      comment: "operator and gateway share api, kube, engines, runtime and telemetry; they never import each other",
      severity: "error",
      from: { path: "^operator/(pool|scaling|resources|console)/" },
      to: { path: "^operator/gateway/" },
    },
    {
      name: "gateway-apart",
      severity: "error",
      from: { path: "^operator/gateway/" },
      to: { path: "^operator/(pool|scaling|resources|sidecar|console)/" },
    },
    ...gatewayOrder,
    gatewayRoomsOnly,
    {
      name: "console-server-knows-its-source-only",
      comment: "what serves the console and what it shows meet in operator/console/source.ts",
      severity: "error",
      from: { path: "^operator/console/(access|http|stream)/", pathNot: "[.]test[.]ts$" },
      to: { path: "^operator/(pool|gateway|scaling|resources|engines|workers|cli)/" },
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
      name: "simulator-only-behind-its-command",
      comment: "the operator, the gateway and the other commands load nothing of the simulator",
      severity: "error",
      from: { path: "^operator/(?!simulate/|cli/simulate(-options)?[.])", pathNot: "[.]test[.]ts$" },
      to: { path: "^operator/simulate/" },
    },
    {
      name: "simulator-shares-arithmetic-only",
      comment: "what the simulator shares with the controller is pure and lies in scaling",
      severity: "error",
      from: { path: "^operator/simulate/", pathNot: "[.]test[.]ts$" },
      to: { path: "^operator/(?!simulate/|scaling/|api/|runtime/(clock|random)[.])" },
    },
    {
      name: "console-imports-pure",
      comment: "the console runs in a browser: of the operator it loads pure functions only",
      severity: "error",
      from: { path: "^console/", pathNot: "[.]test[.]ts$" },
      to: {
        path: ["^(test|scripts|pulumi)/", "^operator/(?!api/|engines/|scaling/|simulate/|runtime/(clock|random|backoff)[.])"],
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "console-imports-no-node",
      severity: "error",
      from: { path: "^console/", pathNot: "[.]test[.]ts$" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "simulator-only-in-its-worker",
      comment: "the app loads the simulator's results and columns; its schemas and policies are in the worker",
      severity: "error",
      from: { path: "^console/", pathNot: ["^console/what-if/(run|worker|no-eval)[.]ts$", "[.]test[.]ts$"] },
      to: {
        path: ["^operator/(simulate/(?!(table|generate|draws)[.])|api/(v1alpha1/|pool-))", "node_modules/(zod|yaml|croner)/"],
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "product-imports-no-console",
      comment: "the operator serves the built files of the console",
      severity: "error",
      from: { path: "^operator/" },
      to: { path: "^console/" },
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
