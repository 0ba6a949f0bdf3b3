/** The part of the WebAssembly interface that core uses; TypeScript has it only in the browser's library, which core must not see. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: true });
    readonly buffer: SharedArrayBuffer;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(
      module: Module,
      imports: {
        env: {
          memory: { readonly buffer: SharedArrayBuffer };
          sleep: (address: number, value: number) => void;
          wake: (address: number) => void;
        };
      },
    );
    readonly exports: unknown;
  }
}
