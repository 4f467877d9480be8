export { createNativeBackend, NATIVE_BACKEND, NATIVE_PROOF_FORMAT, registerNative } from './backend.js';
