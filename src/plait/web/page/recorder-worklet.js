// Hands on what the microphone hears, the mean of its channels.

class Recorder extends AudioWorkletProcessor {
  process([channels]) {
    if (channels.length) {
      const mono = Float32Array.from(
        channels[0],
        (_, at) => channels.reduce((sum, channel) => sum + channel[at], 0) / channels.length,
      );
      this.port.postMessage(mono, [mono.buffer]);
    }
    return true;
  }
}

registerProcessor("recorder", Recorder);
