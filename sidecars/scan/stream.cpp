// See stream.h.
#include "scan/stream.h"

#include <re2/re2.h>

#include <algorithm>

#include "scan/archive.h"
#include "scan/bytes.h"
#include "scan/skeleton.h"
#include "scan/unfinished.h"
#include "scan/validators.h"

namespace botbottle::scan {

namespace {

constexpr std::size_t kPiece = 16384;
// What one window may come to, decoded: so many times its size, and some more for compressed bytes.
constexpr std::size_t kBudgetRatio = 24;
constexpr std::size_t kBudgetFree = 1U << 20U;
// Compressed parts of a stream that are decoded at the same time.
constexpr std::size_t kMostEmbedded = 8;
constexpr std::size_t kNesting = 3;
// Of one stream, one after the other and in each other; and what they may come to together.
constexpr std::uint64_t kMostParts = 65536;
constexpr std::uint64_t kDecodedFree = std::uint64_t{64} << 20U;
constexpr std::uint64_t kDecodedRatio = 16;
// Of the buffers of one depth, over a reset.
constexpr std::size_t kMostKept = 256U * 1024;

constexpr std::string_view kGzipMagic("\x1f\x8b\x08", 3);
constexpr std::string_view kZstdMagic("\x28\xb5\x2f\xfd", 4);

// Where the first two bytes of gzip, zstd or zip are, or those of zlib behind the end of a line:
// one look for all of them.
void find_compressed(std::string_view text, std::vector<std::size_t>& places) {
    static constexpr Kind kFirst(
        [](char c) { return c == '\x1f' || c == '\x28' || c == 'P' || c == '\n'; });
    static constexpr Kind kSecond(
        [](char c) { return c == '\x8b' || c == '\xb5' || c == 'K' || c == '\x78'; });
    places.clear();
    find_pairs(text, kFirst, kSecond, places);
}

bool is_zlib_head(std::string_view text) {
    return text.size() >= 2 && text[0] == '\x78' &&
           (text[1] == '\x01' || text[1] == '\x5e' || text[1] == '\x9c' || text[1] == '\xda');
}

bool undo_escapes(std::string_view text, std::string& out) {
    return unescape(text, out) != Unescaped::kNothing;
}

// Where in `text` the part ends whose transformation is `size` long.
template <typename Transform>
std::size_t position_before(std::string_view text, std::size_t size, Transform transform) {
    std::size_t low = 0;
    std::size_t high = text.size();
    std::string out;
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        out.clear();
        const std::string_view part = text.substr(0, middle);
        const std::size_t made = transform(part, out) ? out.size() : middle;
        if (made < size)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

}  // namespace

// A text and how its positions are found in the stream.
struct Stream::View {
    enum class Made : std::uint8_t {
        kRaw,
        kUnescaped,
        kUnescapedAgain,
        kFolded,
        kJoined,
        kDecoded,
        kInflated
    };

    std::string_view text;
    Made made = Made::kRaw;
    const View* source = nullptr;
    const std::vector<Segment>* segments = nullptr;

    // The source of one byte: its place in the window, and whatever stands for it there.
    void locate(std::size_t begin, std::size_t end, std::size_t& from, std::size_t& to) const {
        switch (made) {
            case Made::kRaw:
                from = begin;
                to = end;
                return;
            case Made::kUnescaped:
                return locate_in_source(position(begin, undo_escapes), position(end, undo_escapes),
                                        from, to);
            case Made::kFolded:
                return locate_in_source(position(begin, fold), position(end, fold), from, to);
            case Made::kDecoded: {
                auto found = std::upper_bound(
                    segments->begin(), segments->end(), begin,
                    [](std::size_t at, const Segment& segment) { return at < segment.begin; });
                if (found != segments->begin()) --found;
                return locate_in_source(found->source, found->source + found->source_length, from,
                                        to);
            }
            case Made::kUnescapedAgain:
            case Made::kJoined:
            case Made::kInflated:
                return locate_in_source(0, source->text.size(), from, to);
        }
    }

    std::string_view name() const {
        switch (made) {
            case Made::kRaw:
                return {};
            case Made::kUnescaped:
            case Made::kUnescapedAgain:
                return "escapes";
            case Made::kFolded:
                return "strewn-in or look-alike characters";
            case Made::kJoined:
                return "values put together";
            case Made::kDecoded:
                return "base64, hex, base32 or character codes";
            case Made::kInflated:
                return "compression";
        }
        return {};
    }

  private:
    template <typename Transform>
    std::size_t position(std::size_t at, Transform transform) const {
        return position_before(source->text, at, transform);
    }
    void locate_in_source(std::size_t begin, std::size_t end, std::size_t& from,
                          std::size_t& to) const {
        source->locate(begin, end, from, to);
    }
};

// A compressed part of the stream, decoded into a stream of its own.
struct Stream::Embedded {
    std::uint64_t begin = 0;
    std::size_t skip = 0;  // so many bytes, before it begins
    std::unique_ptr<ContentDecoder> decoder;
    std::unique_ptr<Stream> stream;
};

Stream::Stream(std::shared_ptr<const Rules> rules, std::shared_ptr<const OwnValues> own)
    : Stream(std::move(rules), std::move(own), 0) {}

Stream::Stream(std::shared_ptr<const Rules> rules, std::shared_ptr<const OwnValues> own,
               std::size_t nesting)
    : rules_(std::move(rules)),
      own_(own != nullptr && own->empty() ? nullptr : std::move(own)),
      nesting_(nesting),
      search_(rules_->finder().open()),
      own_search_(own_ ? own_->finder().open() : nullptr),
      skeleton_search_(own_ ? own_->skeleton_finder().open() : nullptr) {
    if (!search_ || (own_ && (!own_search_ || !skeleton_search_)))
        fail("scan-engine", "the scanner has no memory");
}

Stream::~Stream() = default;

void Stream::reset() {
    window_.clear();
    judged_ = 0;
    base_ = 0;
    size_ = 0;
    embedded_.clear();
    findings_.clear();
    opaque_ = false;
    outermost_ = {};
    for (Level& level : levels_)
        if (level.capacity() > kMostKept) level = {};
}

bool Stream::feed(std::string_view piece) {
    while (!piece.empty()) {
        const std::string_view part = piece.substr(0, kPiece);
        piece.remove_prefix(part.size());
        feed_window(part);
    }
    return findings_.empty();
}

bool Stream::finish() {
    for (const std::unique_ptr<Embedded>& part : embedded_)
        if (!part->stream->finish())
            for (Finding finding : part->stream->findings()) {
                finding.offset = part->begin;
                add(std::move(finding));
            }
    for (const std::unique_ptr<Embedded>& part : embedded_)
        opaque_ = opaque_ || part->stream->opaque();
    embedded_.clear();
    if (size_ > 0) feed_window("\n");
    return findings_.empty();
}

void Stream::feed_window(std::string_view piece) {
    if (search_ == nullptr) return;
    if (window_.size() > kTail) {
        base_ += window_.size() - kTail;
        window_.erase(0, window_.size() - kTail);
    }
    judged_ = window_.size();
    window_ += piece;
    size_ += piece.size();
    outermost_.size = size_;
    budget_ = kBudgetFree + window_.size() * kBudgetRatio;
    scan({window_}, 0);
    find_embedded(piece);
}

bool Stream::spend(std::size_t size) {
    if (size <= budget_) {
        budget_ -= size;
        return true;
    }
    budget_ = 0;
    fail("scan-budget", "more layers of encoding than are looked through");
    return false;
}

void Stream::scan(const View& view, std::size_t depth) {
    if (!spend(view.text.size())) return;
    Level& level = levels_[depth];
    match_rules(view, false);
    match_expressions(view);
    match_own(view);

    level.unescaped.clear();
    View plain = view;
    if (Unescaped done = unescape(view.text, level.unescaped); done != Unescaped::kNothing) {
        // As it stands, too: what an escape behind it says is no reason to overlook it.
        match_placed(view);
        plain = {level.unescaped, View::Made::kUnescaped, &view};
        // Escapes of escapes; what lies deeper is no spelling of a text any more.
        constexpr int kRounds = 10;
        for (int round = 1; round < kRounds && done == Unescaped::kAgain; ++round) {
            level.unescaped_again.clear();
            done = unescape(level.unescaped, level.unescaped_again);
            if (done == Unescaped::kNothing) break;
            level.unescaped.swap(level.unescaped_again);
            plain = {level.unescaped, View::Made::kUnescapedAgain, &view};
            if (!spend(level.unescaped.size())) return;
        }
        match_rules(plain, false);
        match_expressions(plain);
        match_own(plain);
    }
    level.folded.clear();
    View folded = plain;
    if (fold(plain.text, level.folded)) {
        folded = {level.folded, View::Made::kFolded, &plain};
        match_rules(folded, true);
        match_own(folded);
    }
    match_placed(plain);
    match_skeleton(folded, level.skeleton);

    level.joined.clear();
    if (join_values(view.text, level.joined)) {
        level.unescaped_values.clear();
        const bool escaped = unescape(level.joined, level.unescaped_values) != Unescaped::kNothing;
        const View joined = {escaped ? level.unescaped_values : level.joined, View::Made::kJoined,
                             &view};
        match_rules(joined, true);
        match_own(joined);
        match_skeleton(joined, level.skeleton);
    }
    if (depth >= kDepth) return;
    scan_decoded(folded, depth);
    if (depth > 0) inflate(view, depth);
}

void Stream::scan_decoded(const View& view, std::size_t depth) {
    Level& level = levels_[depth];
    level.written.clear();
    level.binary.clear();
    decode_runs(view.text, level.written, level.binary);
    if (!level.binary.text.empty())
        scan_binary({level.binary.text, View::Made::kDecoded, &view, &level.binary.segments},
                    depth + 1);
    if (!level.written.text.empty())
        scan({level.written.text, View::Made::kDecoded, &view, &level.written.segments}, depth + 1);
}

// Bytes without a spelling that could be seen through.
void Stream::scan_binary(const View& view, std::size_t depth) {
    if (!spend(view.text.size())) return;
    match_rules(view, false);
    match_own(view);
    inflate(view, depth);
}

void Stream::match_rules(const View& view, bool strict) {
    candidates_.clear();
    if (!search_->find(view.text, candidates_)) return fail("scan-engine", "the scanner failed");
    for (Candidate& candidate : candidates_)
        candidate.pattern = rules_->searched(candidate.pattern);
    validate(view, strict);
}

void Stream::match_placed(const View& view) {
    candidates_.clear();
    rules_->placed().find(view.text, candidates_);
    validate(view, false);
}

void Stream::validate(const View& view, bool strict) {
    for (const Candidate& candidate : candidates_) {
        // What the window before had, was judged with it.
        if (view.made == View::Made::kRaw && candidate.end <= judged_) continue;
        const Pattern& pattern = rules_->patterns()[candidate.pattern];
        const std::size_t begin = candidate.end - pattern.bytes.size();
        const std::string_view match = view.text.substr(begin, pattern.bytes.size());
        if (strict && !is_unmistakable(pattern, match)) continue;
        const std::size_t context = std::min(begin, kContext);
        if (is_secret(pattern, view.text.substr(begin - context, context), match))
            report(rules_->kinds()[pattern.rule], view, begin, candidate.end);
    }
}

void Stream::match_expressions(const View& view) {
    for (const Rules::Compiled& compiled : rules_->expressions()) {
        re2::StringPiece rest(view.text.data(), view.text.size());
        re2::StringPiece match;
        const std::size_t size = view.text.size();
        for (std::size_t at = 0;
             at < size && compiled.expression->Match(rest, at, size, RE2::UNANCHORED, &match, 1);) {
            const auto begin = static_cast<std::size_t>(match.data() - view.text.data());
            const std::size_t end = begin + match.size();
            if (!match.empty() && (view.made != View::Made::kRaw || end > judged_))
                report(rules_->kinds()[compiled.rule], view, begin, end);
            at = std::max(end, begin + 1);
        }
    }
}

void Stream::match_own(const View& view) {
    if (!own_) return;
    candidates_.clear();
    if (!own_search_->find(view.text, candidates_))
        return fail("scan-engine", "the scanner failed");
    for (const Candidate& candidate : candidates_)
        if (view.made != View::Made::kRaw || candidate.end > judged_)
            report(own_->rule(candidate.pattern), view,
                   candidate.end - own_->length(candidate.pattern), candidate.end);
}

void Stream::match_skeleton(const View& view, std::string& skeleton) {
    if (!own_) return;
    skeleton.clear();
    append_skeleton(view.text, skeleton);
    candidates_.clear();
    if (!skeleton_search_->find(skeleton, candidates_))
        return fail("scan-engine", "the scanner failed");
    const auto transform = [](std::string_view text, std::string& out) {
        append_skeleton(text, out);
        return true;
    };
    for (const Candidate& candidate : candidates_) {
        const std::size_t end = position_before(view.text, candidate.end, transform);
        report(own_->skeleton_rule(candidate.pattern), view, end - 1, end);
    }
}

// In the bytes as they stand compressed parts are followed over the windows; in what was decoded
// they are looked at as far as they are there.
void Stream::find_embedded(std::string_view piece) {
    if (base_ == 0 && judged_ == 0 && is_opaque_archive(window_)) opaque_ = true;
    std::erase_if(embedded_, [&](const std::unique_ptr<Embedded>& part) {
        if (!advance(*part, piece)) return false;
        spare_ = std::move(part->stream);
        return true;
    });
    if (base_ == 0 && judged_ < 2 && nesting_ < kNesting && is_zlib_head(window_))
        follow(0, Compression::kZlib, 0);
    // A magic number may have begun in the window before, and so may a zip archive's head.
    const std::size_t from = judged_ - std::min(judged_, kZipHead - 1);
    find_compressed(std::string_view(window_).substr(from), places_);
    const auto look = [&](std::string_view magic, auto found) {
        for (const std::size_t place : places_)
            if (std::string_view(window_).substr(from + place).starts_with(magic))
                found(from + place);
    };
    for (const std::string_view magic : {kGzipMagic, kZstdMagic})
        look(magic, [&](std::size_t at) {
            // Three bytes are soon found by chance; what is below the last layer must begin with
            // them.
            if (at + magic.size() > judged_ && (nesting_ < kNesting || base_ + at == 0))
                follow(at, magic == kGzipMagic ? Compression::kGzip : Compression::kZstd, 0);
        });
    look(kZipMagic, [&](std::size_t at) { look_at_zip(at); });
}

// Each file in a zip archive has a head of its own, so that no directory has to be believed. What
// is stored was searched as it stands.
void Stream::look_at_zip(std::size_t at) {
    const auto head = read_zip_head(std::string_view(window_).substr(at));
    if (!head || at + kZipHead <= judged_) return;
    if (head->content == ZipHead::Content::kDeflated)
        follow(at, Compression::kBareDeflate, head->size);
    opaque_ = opaque_ || head->content == ZipHead::Content::kOpaque;
}

// Begins with a compressed part at `at` in the window, after so many bytes that are none of it.
void Stream::follow(std::size_t at, Compression compression, std::size_t skipped) {
    if (nesting_ == kNesting)
        return fail("scan-budget", "more layers of compression than are looked through");
    if (embedded_.size() == kMostEmbedded || ++account_->parts > kMostParts)
        return fail("scan-budget", "more compressed parts than are looked into");
    auto part = std::make_unique<Embedded>();
    part->begin = base_ + at;
    part->skip = skipped;
    part->decoder = ContentDecoder::create(compression);
    if (!part->decoder) return fail("scan-engine", "the scanner has no memory");
    part->stream = nested();
    if (!advance(*part, std::string_view(window_).substr(at)))
        embedded_.push_back(std::move(part));
    else
        spare_ = std::move(part->stream);
}

std::unique_ptr<Stream> Stream::nested() {
    if (spare_) {
        spare_->reset();
        return std::move(spare_);
    }
    std::unique_ptr<Stream> made(new Stream(rules_, own_, nesting_ + 1));
    made->account_ = account_;
    return made;
}

// True when there is no more to be had of it.
bool Stream::advance(Embedded& part, std::string_view piece) {
    const std::size_t skipped = std::min(part.skip, piece.size());
    part.skip -= skipped;
    piece.remove_prefix(skipped);
    const ContentDecoder::Status status = part.decoder->feed(piece, [&](std::string_view decoded) {
        account_->decoded += decoded.size();
        return !account_->exhausted() && part.stream->feed(decoded);
    });
    const bool over = status != ContentDecoder::Status::kMore;
    if (over) part.stream->finish();
    for (Finding finding : part.stream->findings()) {
        finding.offset = part.begin;
        finding.length = 0;
        finding.seen_through = "compression";
        add(std::move(finding));
    }
    opaque_ = opaque_ || part.stream->opaque();
    const bool too_large = status == ContentDecoder::Status::kExhausted || account_->exhausted();
    if (too_large) fail("scan-budget", "a compressed part that becomes too large");
    return over || too_large || !part.stream->findings().empty();
}

bool Stream::Account::exhausted() const {
    return decoded > kDecodedFree + kDecodedRatio * size;
}

void Stream::inflate(const View& view, std::size_t depth) {
    find_compressed(view.text, places_);
    if (places_.empty() && !is_zlib_head(view.text)) return;
    Level& level = levels_[depth];
    level.inflated.clear();
    const auto decode = [&](std::size_t at, Compression compression) {
        const auto decoder = ContentDecoder::create(compression);
        if (!decoder) return fail("scan-engine", "the scanner has no memory");
        const std::size_t room = budget_;
        const std::size_t before = level.inflated.size();
        decoder->feed(view.text.substr(at), [&](std::string_view decoded) {
            level.inflated += decoded;
            return level.inflated.size() - before < room;
        });
        level.inflated += '\n';
    };
    for (const std::size_t at : places_)
        if (view.text.substr(at).starts_with(kGzipMagic)) decode(at, Compression::kGzip);
    for (const std::size_t at : places_)
        if (view.text.substr(at).starts_with(kZstdMagic)) decode(at, Compression::kZstd);
    for (const std::size_t at : places_)
        if (const auto head = read_zip_head(view.text.substr(at));
            head && head->content == ZipHead::Content::kDeflated &&
            head->size < view.text.size() - at)
            decode(at + head->size, Compression::kBareDeflate);
    // Decoded runs stand on lines of their own.
    if (is_zlib_head(view.text)) decode(0, Compression::kZlib);
    for (const std::size_t at : places_)
        if (view.text[at] == '\n' && is_zlib_head(view.text.substr(at + 1)))
            decode(at + 1, Compression::kZlib);
    if (level.inflated.size() > 1) scan({level.inflated, View::Made::kInflated, &view}, depth + 1);
}

bool Stream::may_be_cut() const {
    return may_be_unfinished(window_, *rules_, own_.get()) ||
           std::any_of(embedded_.begin(), embedded_.end(),
                       [](const auto& part) { return part->stream->may_be_cut(); });
}

void Stream::fail(std::string_view rule, std::string_view what) {
    add({std::string(rule), std::string(what), {}, base_, window_.size()});
}

void Stream::report(const Rule& rule, const View& view, std::size_t begin, std::size_t end) {
    if (findings_.size() == kMostFindings) return;
    std::size_t from = 0;
    std::size_t to = 0;
    view.locate(begin, end, from, to);
    add({rule.id, rule.what, std::string(view.name()), base_ + from, to - from});
}

// One secret is seen through several views, and again in the next window.
void Stream::add(Finding finding) {
    if (findings_.size() == kMostFindings) return;
    const auto same = [&](const Finding& other) {
        return other.rule == finding.rule && other.what == finding.what &&
               other.offset <= finding.offset + finding.length &&
               finding.offset <= other.offset + other.length;
    };
    if (std::none_of(findings_.begin(), findings_.end(), same))
        findings_.push_back(std::move(finding));
}

}  // namespace botbottle::scan
