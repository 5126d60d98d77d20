import { Worker } from "node:worker_threads";

/**
 * Runs tasks on threads of one script, each thread one task at a time. The first error ends all threads.
 * @returns the results in the order of the tasks.
 */
export async function onThreads<Task, Result>(
  script: URL,
  threads: number,
  workerData: unknown,
  tasks: readonly Task[],
  onResult: (result: Result, done: number) => void,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let next = 0;
  let done = 0;
  const workers = Array.from({ length: Math.min(threads, tasks.length) }, () => new Worker(script, { workerData }));
  try {
    await Promise.all(
      workers.map(
        (worker) =>
          new Promise<void>((resolve, reject) => {
            let index = -1;
            const take = () => {
              index = next++;
              if (index < tasks.length) worker.postMessage(tasks[index]);
              else resolve();
            };
            worker.on("error", reject);
            worker.on("message", (result: Result) => {
              results[index] = result;
              onResult(result, ++done);
              take();
            });
            take();
          }),
      ),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return results;
}
