import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{operator,console}/**/*.test.ts", "scripts/**/*.test.ts", "test/{bench,support,demo,soak}/**/*.test.ts"],
          // The longest test takes about 3 s; a machine that runs other work too may need many times that.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // With a process of its own, each file would import the product again, which takes longer than its tests.
          isolate: false,
          maxWorkers: "100%",
        },
      },
      { test: { name: "fuzz", include: ["test/fuzz/**/*.test.ts"] } },
      { test: { name: "proxy", include: ["test/proxy/**/*.test.ts"], testTimeout: 60_000 } },
      { test: { name: "simulation", include: ["test/simulation/**/*.test.ts"], testTimeout: 600_000 } },
      {
        // The examples import the package by its name.
        resolve: { alias: { "@avatarpool/avatarpool": new URL("pulumi/index.ts", import.meta.url).pathname } },
        test: {
          name: "apiserver",
          include: ["test/apiserver/**/*.test.ts", "pulumi/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // A test waits more than it computes.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "observability",
          include: ["test/observability/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "console",
          include: ["test/console/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "node",
          include: ["test/node/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "media",
          include: ["test/media/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Sessions of two files would take the processor from each other.
          fileParallelism: false,
        },
      },
    ],
  },
});
