// A peer's worker with jobs that do nothing, from a full queue:
//   node peer.cjs bee-queue|bullmq PORT CONCURRENCY JOBS
// prints jobs a second, and the process' CPU microseconds for each.
'use strict';

const [name, port, concurrency, jobs] = process.argv.slice(2);
const redis = { host: '127.0.0.1', port: Number(port) };
const count = Number(jobs);
const data = { text: 'Hello.' };

// The first jobs warm the compiler and are not counted.
const warm = Math.floor(count / 10);

function meter(done) {
  let seen = 0;
  let begin, cpu;
  return () => {
    ++seen;
    if (seen === warm) {
      begin = process.hrtime.bigint();
      cpu = process.cpuUsage();
    }
    if (seen !== count + warm) return;
    const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
    const used = process.cpuUsage(cpu);
    console.log(count / seconds, (used.user + used.system) / count);
    done();
  };
}

async function beeQueue() {
  const Queue = require('bee-queue');
  const producer = new Queue('bench', { redis, isWorker: false,
    getEvents: false, sendEvents: false, storeJobs: false });
  await producer.ready();
  for (let i = 0; i < count + warm; i += 1000) {
    const some = [];
    for (let j = i; j < Math.min(i + 1000, count + warm); ++j)
      some.push(producer.createJob(data));
    await producer.saveAll(some);
  }
  // The quickest that it can be.
  const worker = new Queue('bench', { redis, getEvents: false,
    sendEvents: false, storeJobs: false });
  worker.on('succeeded', meter(() => process.exit(0)));
  worker.process(Number(concurrency), async () => 'file:///dev/null');
}

async function bullmq() {
  const { Queue, Worker } = require('bullmq');
  const producer = new Queue('bench', { connection: redis });
  for (let i = 0; i < count + warm; i += 1000) {
    const some = [];
    for (let j = i; j < Math.min(i + 1000, count + warm); ++j)
      some.push({ name: 'csm', data });
    await producer.addBulk(some);
  }
  const worker = new Worker('bench', async () => 'file:///dev/null', {
    connection: redis, concurrency: Number(concurrency) });
  worker.on('completed', meter(() => process.exit(0)));
}

({ 'bee-queue': beeQueue, bullmq })[name]().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
