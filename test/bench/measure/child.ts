/** A process that runs one measurement, given as JSON, and prints the figures in its last line. */
import { measureArchive, measureLlamaArchive } from './measure-archive.js';
import { measureEngine } from './measure-engine.js';
import { measureLimits } from './measure-limits.js';
import { measureLlama } from './measure-llama.js';
import { measureService } from './measure-service.js';
import { measureTiles } from './measure-tiles.js';
import { measureTransformers } from './measure-transformers.js';
import type { Assignment, Figures } from './job.js';

const assignment = JSON.parse(process.argv[2]!) as Assignment;
const figures = await measure(assignment);
const peakBytes = figures['peakBytes'] ?? process.resourceUsage().maxRSS * 1024;
process.stdout.write(`\n${JSON.stringify({ ...figures, peakBytes })}\n`, () => process.exit(0));

async function measure({ job, home, threads }: Assignment): Promise<Figures> {
  if (job.kind === 'limits') return measureLimits(threads);
  if (job.kind === 'tiles') return measureTiles(job, home, threads);
  if (job.kind === 'archive') {
    const isService = job.contender === 'service';
    return isService ? measureArchive(job, home, threads) : measureLlamaArchive(job, home, threads);
  }
  if (job.kind !== 'text') return measureEngine(job, home, threads);
  const measureText = {
    service: measureService,
    llama: measureLlama,
    transformers: measureTransformers,
  }[job.contender];
  return measureText(job, home, threads);
}
