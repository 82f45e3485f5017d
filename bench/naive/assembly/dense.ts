export { denseBackward, denseForward } from './linear';
