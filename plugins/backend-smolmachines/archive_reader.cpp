#include "archive_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "host-bottle/fail.h"

namespace backend_smolmachines {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kPiece = 256 * 1024;
// Of a long name, or of what else is told about an entry.
constexpr std::uint64_t kMostTold = 64 * 1024;
constexpr std::uint64_t kLargestSize = std::uint64_t{1} << 50;
constexpr std::size_t kChecksumAt = 148;
constexpr std::size_t kChecksumSize = 8;
constexpr const char* kNoTar = "it is no tar archive";
constexpr const char* kCutOff = "it is cut off or damaged";

bool is_empty(std::string_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

std::optional<std::uint64_t> number_of(std::string_view field) {
    std::uint64_t value = 0;
    if (!field.empty() &&
        (static_cast<unsigned char>(field.front()) & 0x80) != 0) {  // GNU, base 256
        for (std::size_t i = field.size() - 8; i < field.size(); ++i)
            value = value << 8 | static_cast<unsigned char>(field[i]);
        return value;
    }
    for (const char c : field) {
        if (c == '\0' || c == ' ') continue;
        if (c < '0' || c > '7') return std::nullopt;
        value = value << 3 | static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

std::string text_of(std::string_view block, std::size_t offset, std::size_t length) {
    return std::string(block.data() + offset, strnlen(block.data() + offset, length));
}

std::uint64_t padding_of(std::uint64_t size) {
    return (kBlock - size % kBlock) % kBlock;
}

std::uint64_t checksum_of(std::string_view block) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < block.size(); ++i) {
        const bool own = i >= kChecksumAt && i < kChecksumAt + kChecksumSize;
        sum += own ? ' ' : static_cast<unsigned char>(block[i]);
    }
    return sum;
}

std::string plain_name(const std::string& name, const std::string& file) {
    std::string plain = std::filesystem::path(name).lexically_normal().relative_path().string();
    while (plain.ends_with('/'))
        plain.pop_back();
    if (plain == ".." || plain.starts_with("../") || name.find('\0') != std::string::npos)
        fail_no_image(file, "an entry's name leads out of it");
    return plain;
}

}  // namespace

void fail_no_image(const std::string& file, const std::string& why) {
    host_bottle::fail(
        "bad_image", file + " is no image: " + why,
        "make one with: docker save -o agent.tar IMAGE   (or podman save, skopeo copy … "
        "oci-archive:agent.tar)");
}

// Plain files come through zlib as they are.
ArchiveReader::ArchiveReader(const std::string& file)
    : name_(file), file_(gzopen(file.c_str(), "rbe")), buffer_(kPiece, '\0') {
    if (file_ == nullptr) host_bottle::fail_errno(file);
    gzbuffer(file_, kPiece);
}

ArchiveReader::~ArchiveReader() {
    gzclose(file_);
}

bool ArchiveReader::read(char* into, std::size_t size) {
    const int got = gzread(file_, into, static_cast<unsigned>(size));
    if (got < 0 || (got > 0 && static_cast<std::size_t>(got) < size)) fail_no_image(name_, kCutOff);
    return got != 0;
}

void ArchiveReader::skip_content() {
    if (!on_bytes) {
        const std::uint64_t size = left_ + padding_;
        if (size != 0 && gzseek(file_, static_cast<z_off_t>(size), SEEK_CUR) < 0)
            fail_no_image(name_, kCutOff);
        left_ = padding_ = 0;
        return;
    }
    while (!piece().empty())
        continue;
}

std::string_view ArchiveReader::piece() {
    if (left_ == 0 && padding_ == 0) return {};
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, kPiece));
    if (size != 0) {
        if (!read(buffer_.data(), size)) fail_no_image(name_, kCutOff);
        if (on_bytes) on_bytes({buffer_.data(), size});
        left_ -= size;
    }
    if (left_ == 0 && padding_ != 0) {
        std::array<char, kBlock> rest;
        const auto count = static_cast<std::size_t>(padding_);
        if (!read(rest.data(), count)) fail_no_image(name_, kCutOff);
        if (on_bytes) on_bytes({rest.data(), count});
        padding_ = 0;
    }
    return {buffer_.data(), size};
}

std::string ArchiveReader::collect() {
    if (left_ > kMostTold) fail_no_image(name_, "it says too much about one entry");
    std::string all;
    for (std::string_view part = piece(); !part.empty(); part = piece())
        all += part;
    return all;
}

// pax: "LENGTH KEY=VALUE\n"
void ArchiveReader::take_records(std::string_view records) {
    while (!records.empty()) {
        std::size_t length = 0;
        const auto [end, error] =
            std::from_chars(records.data(), records.data() + records.size(), length);
        const auto head = static_cast<std::size_t>(end - records.data());
        if (error != std::errc() || length < head + 3 || length > records.size() ||
            records[head] != ' ' || records[length - 1] != '\n')
            fail_no_image(name_, kNoTar);
        const std::string_view record = records.substr(head + 1, length - head - 2);
        const std::size_t equals = record.find('=');
        if (equals == std::string_view::npos) fail_no_image(name_, kNoTar);
        const std::string key(record.substr(0, equals));
        if (key.starts_with("GNU.sparse")) fail_no_image(name_, "it has sparse files");
        told_[key] = record.substr(equals + 1);
        records.remove_prefix(length);
    }
}

ArchiveEntry ArchiveReader::entry_of(std::string_view block) {
    // "ustar" of POSIX and of GNU; older archives have nothing there, and no engine writes them.
    if (text_of(block, 257, 5) != "ustar" ||
        number_of(block.substr(kChecksumAt, kChecksumSize)) != checksum_of(block))
        fail_no_image(name_, kNoTar);
    const auto size = number_of(block.substr(124, 12));
    // One that wraps around would lead back.
    if (!size || *size > kLargestSize) fail_no_image(name_, kNoTar);
    ArchiveEntry entry{text_of(block, 0, 100), *size, block[156]};
    const std::string prefix = block[262] == '\0' ? text_of(block, 345, 155) : std::string();
    if (!prefix.empty()) entry.name = prefix + "/" + entry.name;
    return entry;
}

std::optional<ArchiveEntry> ArchiveReader::next() {
    told_.clear();
    for (;;) {
        skip_content();
        std::array<char, kBlock> bytes;
        const std::string_view block(bytes.data(), bytes.size());
        if (!read(bytes.data(), bytes.size()) || is_empty(block)) {
            if (!told_.empty()) fail_no_image(name_, kCutOff);
            return std::nullopt;
        }
        if (on_bytes) on_bytes(block);
        ArchiveEntry entry = entry_of(block);
        left_ = entry.size;
        padding_ = padding_of(entry.size);
        if (entry.type == 'x') {
            take_records(collect());
        } else if (entry.type == 'L') {
            std::string name = collect();
            name.resize(strnlen(name.c_str(), name.size()));
            told_["path"] = name;
        } else if (entry.type == 'g') {
            std::map<std::string, std::string> before = std::move(told_);
            take_records(collect());
            if (told_.contains("path") || told_.contains("size"))
                fail_no_image(name_, "it gives all entries one name or size");
            told_ = std::move(before);
        } else if (entry.type == 'K') {
            collect();
        } else {
            if (const auto name = told_.find("path"); name != told_.end())
                entry.name = name->second;
            if (const auto size = told_.find("size"); size != told_.end()) {
                const char* const end = size->second.data() + size->second.size();
                const auto read = std::from_chars(size->second.data(), end, entry.size);
                if (read.ec != std::errc() || read.ptr != end || entry.size > kLargestSize)
                    fail_no_image(name_, kNoTar);
                left_ = entry.size;
                padding_ = padding_of(entry.size);
            }
            const bool contentless = entry.type >= '1' && entry.type <= '6';
            if (!entry.regular() && (!contentless || entry.size != 0))
                fail_no_image(name_, "it has an entry of an unknown kind");
            entry.name = plain_name(entry.name, name_);
            return entry;
        }
    }
}

void ArchiveReader::expect_end() {
    for (;;) {
        const int got = gzread(file_, buffer_.data(), static_cast<unsigned>(buffer_.size()));
        if (got < 0) fail_no_image(name_, kCutOff);
        if (got == 0) return;
        if (!is_empty({buffer_.data(), static_cast<std::size_t>(got)}))
            fail_no_image(name_, "something follows its end");
    }
}

}  // namespace backend_smolmachines
