/** How is dependency-cruiser run over this repository? The test that plants bad imports runs it in the same way. */
export const CRUISER = 'dependency-cruiser/bin/dependency-cruise.mjs';
export const CRUISER_RULES = '.dependency-cruiser.cjs';
export const CRUISED_FOLDERS = ['packages', 'apps', 'scripts', 'testing'];
