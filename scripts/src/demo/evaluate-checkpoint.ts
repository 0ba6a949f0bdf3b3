/**
 * Evaluates a checkpoint file on MNIST's test images in a process of its own, from nothing but the file and the images:
 * `node evaluate-checkpoint.js FILE` prints `{"testAccuracy": …}`.
 */
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import {
  chooseKernels,
  createArenaMemory,
  datasetFromIdx,
  decodeCheckpoint,
  evaluate,
  firstSamples,
  methodFrom,
  openArena,
  presentationsOf,
  referenceKernels,
  wasmKernels,
} from '@settle/core';
import { readMnist } from '../stack/built-in-datasets.ts';

const BATCH_SIZE = 100;

const [, , file] = process.argv;
if (file === undefined) throw new Error('name a checkpoint file');
const checkpoint = decodeCheckpoint(await readFile(file));
const method = methodFrom(checkpoint.method);
const { network } = method.model;
const mnist = await readMnist();
const train = datasetFromIdx(mnist.name, mnist.trainImages, mnist.trainLabels, mnist.classes);
const test = datasetFromIdx(mnist.name, mnist.testImages, mnist.testLabels, mnist.classes);
// Inputs are scaled by what the training data were like.
const seen = presentationsOf(checkpoint.preparation, firstSamples(train, checkpoint.trainSamples), checkpoint.seed);
const kernelSet = chooseKernels(method, [wasmKernels, referenceKernels]);
const workspace = {
  batchCapacity: BATCH_SIZE,
  slots: 1,
  parameterBuffers: 0,
  complexStates: false,
  anderson: method.estimator.anderson,
};
const memory = createArenaMemory(kernelSet.predictBytes(network, workspace));
const kernels = kernelSet.build(network, workspace, openArena(memory));
kernels.writeParameters(checkpoint.parameters);
const evaluation = evaluate(kernels, method.estimator, test, seen.test);
if (evaluation.kind !== 'evaluated') throw new Error(`the evaluation ended: ${evaluation.kind}`);
console.log(JSON.stringify({ testAccuracy: evaluation.accuracy }));
