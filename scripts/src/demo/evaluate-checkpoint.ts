/**
 * Evaluates a checkpoint file on MNIST's test images in a process of its own, from nothing but the file and the images:
 * `node evaluate-checkpoint.js FILE` prints `{"testAccuracy": …}`.
 */
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import {
  createArenaMemory,
  datasetFromIdx,
  decodeCheckpoint,
  evaluate,
  methodFrom,
  openArena,
  wasmKernels,
} from '@settle/core';
import { readMnist } from '../stack/built-in-datasets.ts';

const BATCH_SIZE = 100;

const [, , file] = process.argv;
if (file === undefined) throw new Error('name a checkpoint file');
const checkpoint = decodeCheckpoint(await readFile(file));
const { model, estimator } = methodFrom(checkpoint.method);
const mnist = await readMnist();
const test = datasetFromIdx(mnist.name, mnist.testImages, mnist.testLabels, mnist.classes);
const memory = createArenaMemory(wasmKernels.predictBytes(model.network, BATCH_SIZE));
const kernels = wasmKernels.build(model.network, BATCH_SIZE, openArena(memory));
kernels.writeParameters(checkpoint.parameters);
const evaluation = evaluate(kernels, test, estimator.freeSteps);
if (evaluation.kind === 'stopped') throw new Error('nobody asks this process to stop');
console.log(JSON.stringify({ testAccuracy: evaluation.accuracy }));
