/** What to use instead of a layer Linnet does not have, and which word was meant. */

/** Names as people know them from other tools; compared without case and punctuation. */
const advice: readonly (readonly [names: string, remedy: string])[] = [
  [
    'lstm gru rnn simplernn bilstm bidirectional recurrent convlstm',
    'use two or three conv1d layers with stride 2 over the window, then globalAveragePool',
  ],
  [
    'attention multiheadattention selfattention transformer transformerencoder',
    'use conv1d layers with stride 2, then globalAveragePool',
  ],
  [
    'batchnorm batchnorm1d batchnorm2d batchnormalization batchnormalisation',
    'leave it out of a new model; `linnet model import` folds a trained one into the layer before',
  ],
  [
    'layernorm layernormalization groupnorm instancenorm rmsnorm normalization normalisation lrn',
    'leave it out: every tensor is rescaled to int8 by itself',
  ],
  [
    'dropout spatialdropout alphadropout gaussiannoise gaussiandropout',
    'leave it out: it does nothing after training, and int8 noise regularises a little by itself',
  ],
  [
    'sigmoid tanh gelu silu swish hardswish hardsigmoid elu selu celu leakyrelu prelu relu6 mish softplus',
    'use relu',
  ],
  ['softmax logsoftmax argmax', 'leave it out: the loss softmax-cross-entropy contains it'],
  [
    'add residual skip shortcut concat concatenate multiply mul merge sum',
    'stack the layers without a shortcut: a model is a chain',
  ],
  [
    'convtranspose conv1dtranspose conv2dtranspose convtranspose1d convtranspose2d deconv upsample upsampling upsampling1d upsampling2d resize unpool',
    'end an autoencoder in a dense layer with as many outputs as the input has elements',
  ],
  ['conv3d maxpool3d avgpool3d', 'use the 2d layer with the third dimension as channels'],
  [
    'separableconv separableconv1d separableconv2d',
    'use depthwise2d followed by conv2d with kernel 1 (or their 1d forms)',
  ],
  ['pad zeropad zeropadding zeropadding1d zeropadding2d', 'use the padding of the next layer'],
  ['reshape permute transpose squeeze unsqueeze', 'leave it out, or write flatten'],
  ['globalmaxpool globalmaxpool1d globalmaxpool2d', 'use globalAveragePool'],
  ['inputlayer input', 'describe the input under the key input'],
  ['conv convolution', 'write conv1d for a series or conv2d for an image'],
  ['depthwise depthwiseconv depthwiseconv2d depthwiseconv1d', 'write depthwise1d or depthwise2d'],
  ['linear fc fullyconnected gemm matmul', 'write dense'],
  ['maxpool maxpooling maxpooling1d maxpooling2d', 'write maxPool1d or maxPool2d'],
  [
    'avgpool averagepool averagepooling averagepooling1d averagepooling2d avgpool1d avgpool2d',
    'write averagePool1d or averagePool2d',
  ],
  [
    'gap globalavgpool globalaveragepooling globalaveragepooling1d globalaveragepooling2d adaptiveavgpool',
    'write globalAveragePool',
  ],
];

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

const remedies = new Map(
  advice.flatMap(([names, remedy]) => names.split(' ').map((name) => [name, remedy] as const)),
);

/** What to use instead of a layer, if its name is one of those that other tools have. */
export function adviseLayer(name: string): string | undefined {
  return remedies.get(plain(name));
}

/** Insertions, deletions and replacements from a to b (Levenshtein 1966), by rows. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}

/** What to do about an unknown word: the known one a user meant, or `otherwise`. */
export function adviseWord(word: string, known: readonly string[], otherwise: string): string {
  const meant = nearestWord(word, known);
  return meant === undefined ? otherwise : `did you mean ${meant}?`;
}

/** The known word a user meant, if one is near. */
function nearestWord(word: string, known: readonly string[]): string | undefined {
  const distances = known.map((other) => editDistance(plain(word), plain(other)));
  const least = Math.min(...distances);
  return least <= Math.max(1, Math.floor(word.length / 3))
    ? known[distances.indexOf(least)]
    : undefined;
}
