// Modules and chunks are numbered in the order of their use and not by their
// paths: the same sources give the same files wherever node_modules stands.
module.exports = {
  optimization: { moduleIds: 'natural', chunkIds: 'natural' }
};
