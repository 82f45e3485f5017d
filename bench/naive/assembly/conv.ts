export { biasGradient, CONV_BLOCK, convBackward, convForward } from './linear';
