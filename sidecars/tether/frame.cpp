#include "tether/frame.h"

#include <algorithm>

namespace botbottle::tether {
namespace {

constexpr std::size_t kEngineHeader = 8;
constexpr std::size_t kTidyAfter = 256 * 1024;

std::uint32_t number_at(std::string_view text, std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i)
        number = number << 8 | static_cast<unsigned char>(text[at + i]);
    return number;
}

}  // namespace

std::string number_bytes(std::uint32_t number) {
    return {static_cast<char>(number >> 24), static_cast<char>(number >> 16 & 0xff),
            static_cast<char>(number >> 8 & 0xff), static_cast<char>(number & 0xff)};
}

std::optional<std::uint32_t> take_number(std::string_view& text) {
    if (text.size() < 4) return std::nullopt;
    const std::uint32_t number = number_at(text, 0);
    text.remove_prefix(4);
    return number;
}

void append_frame(std::string& bytes, Type type, std::uint32_t channel, std::string_view payload) {
    bytes.push_back(static_cast<char>(type));
    bytes += number_bytes(channel);
    bytes += number_bytes(static_cast<std::uint32_t>(payload.size()));
    bytes += payload;
}

std::optional<Frame> FrameReader::next() {
    const std::string_view rest = std::string_view(bytes_).substr(read_);
    if (broken_ || rest.size() < kHeader) return std::nullopt;
    const auto type = static_cast<std::uint8_t>(rest[0]);
    const std::uint32_t size = number_at(rest, 5);
    broken_ = type < static_cast<std::uint8_t>(Type::hello) ||
              type > static_cast<std::uint8_t>(Type::credit) || size > kMaxPayload;
    if (broken_ || rest.size() < kHeader + size) return std::nullopt;
    Frame frame{static_cast<Type>(type), number_at(rest, 1),
                std::string(rest.substr(kHeader, size))};
    read_ += kHeader + size;
    if (read_ == bytes_.size() || read_ > kTidyAfter) {
        bytes_.erase(0, read_);
        read_ = 0;
    }
    return frame;
}

void EngineOutput::add(std::string_view bytes, std::string& into) {
    while (!bytes.empty() && !broken_) {
        if (left_ == 0) {
            const std::size_t missing = std::min(kEngineHeader - header_.size(), bytes.size());
            header_ += bytes.substr(0, missing);
            bytes.remove_prefix(missing);
            if (header_.size() < kEngineHeader) return;
            left_ = number_at(header_, 4);
            wanted_ = header_[0] == 1;
            broken_ = header_[0] < 0 || header_[0] > 2 || header_[1] != 0;
            header_.clear();
            continue;
        }
        const std::size_t size = std::min(left_, bytes.size());
        if (wanted_) into += bytes.substr(0, size);
        bytes.remove_prefix(size);
        left_ -= size;
    }
}

}  // namespace botbottle::tether
