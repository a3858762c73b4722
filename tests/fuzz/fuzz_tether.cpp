// What comes over a tether: however it is cut, the same frames come out of it, none of them longer
// than may be, and nothing after one that makes no sense.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tether/frame.h"

namespace {

using namespace botbottle::tether;

struct Read {
    std::string frames;
    bool broken = false;
    bool operator==(const Read&) const = default;
};

Read read_all(std::string_view bytes, std::size_t step, bool from_engine) {
    EngineOutput output;
    FrameReader reader;
    Read found;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        std::string own;
        if (from_engine)
            output.add(bytes.substr(at, step), own);
        else
            own = bytes.substr(at, step);
        reader.add(own);
        while (const auto frame = reader.next()) {
            if (frame->payload.size() > kMaxPayload || found.broken) abort();
            append_frame(found.frames, frame->type, frame->channel, frame->payload);
        }
        found.broken = reader.broken();
        if (output.broken()) return found;
    }
    return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    for (const bool from_engine : {false, true}) {
        const Read whole = read_all(bytes, size + 1, from_engine);
        for (const std::size_t step : {std::size_t{1}, std::size_t{7}})
            if (read_all(bytes, step, from_engine).frames != whole.frames) abort();
        if (!from_engine && !bytes.starts_with(whole.frames)) abort();
    }
    return 0;
}
