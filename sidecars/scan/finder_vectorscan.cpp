#include <hs/hs.h>

#include <algorithm>
#include <new>

#include "scan/finder.h"

namespace botbottle::scan {

namespace {

// Databases hold the bottle's own secrets: what is freed goes through operator delete, which the
// egress replaces by one that wipes.
void* allocate(std::size_t size) {
    return ::operator new(size, std::nothrow);
}
void release(void* memory) {
    ::operator delete(memory);
}

bool use_allocator() {
    static const bool used = hs_set_allocator(&allocate, &release) == HS_SUCCESS;
    return used;
}

// A pattern that the engine refuses must not be lost: all are compiled, or none. `platform` null:
// for this machine.
hs_database_t* compile(const std::vector<Pattern>& patterns, const hs_platform_info* platform,
                       std::string& problem) {
    std::vector<const char*> texts;
    std::vector<unsigned> ids;
    // Negated sets contain the line feed.
    const std::vector<unsigned> flags(patterns.size(), HS_FLAG_DOTALL);
    for (std::size_t index = 0; index < patterns.size(); ++index) {
        texts.push_back(patterns[index].text.c_str());
        ids.push_back(static_cast<unsigned>(index));
    }
    hs_database_t* database = nullptr;
    hs_compile_error_t* error = nullptr;
    if (use_allocator() && hs_compile_multi(texts.data(), flags.data(), ids.data(),
                                            static_cast<unsigned>(texts.size()), HS_MODE_BLOCK,
                                            platform, &database, &error) == HS_SUCCESS)
        return database;
    // Its text may quote the pattern, which may be a secret.
    problem = "vectorscan refuses a pattern";
    if (error != nullptr && error->expression >= 0)
        problem += " of rule number " +
                   std::to_string(patterns[static_cast<std::size_t>(error->expression)].rule);
    hs_free_compile_error(error);
    return nullptr;
}

// A clone of the scratch is a few kilobytes.
class VectorscanSearch final : public Search {
  public:
    VectorscanSearch(const hs_database_t* database, hs_scratch_t* scratch)
        : database_(database), scratch_(scratch) {}
    ~VectorscanSearch() override { hs_free_scratch(scratch_); }

    bool find(std::string_view text, std::vector<Candidate>& found) override {
        constexpr std::size_t kMost = 1U << 30U;  // the length is an unsigned int
        if (text.empty()) return true;
        return text.size() <= kMost &&
               hs_scan(database_, text.data(), static_cast<unsigned>(text.size()), 0, scratch_,
                       &take, &found) == HS_SUCCESS;
    }

  private:
    static int take(unsigned id, unsigned long long /*from*/, unsigned long long to,
                    unsigned /*flags*/, void* context) {
        static_cast<std::vector<Candidate>*>(context)->push_back(
            {id, static_cast<std::size_t>(to)});
        return 0;
    }

    const hs_database_t* database_;
    hs_scratch_t* scratch_;
};

class VectorscanFinder final : public Finder {
  public:
    VectorscanFinder(hs_database_t* database, hs_scratch_t* scratch)
        : database_(database), scratch_(scratch) {}
    ~VectorscanFinder() override {
        hs_free_scratch(scratch_);
        hs_free_database(database_);
    }

    std::unique_ptr<Search> open() const override {
        hs_scratch_t* scratch = nullptr;
        if (hs_clone_scratch(scratch_, &scratch) != HS_SUCCESS) return nullptr;
        return std::make_unique<VectorscanSearch>(database_, scratch);
    }

  private:
    hs_database_t* database_;
    hs_scratch_t* scratch_;
};

// Takes the database.
std::unique_ptr<Finder> with_scratch(hs_database_t* database) {
    hs_scratch_t* scratch = nullptr;
    if (hs_alloc_scratch(database, &scratch) == HS_SUCCESS)
        return std::make_unique<VectorscanFinder>(database, scratch);
    hs_free_database(database);
    return nullptr;
}

}  // namespace

std::unique_ptr<Finder> make_vectorscan_finder(const std::vector<Pattern>& patterns,
                                               std::string& problem) {
    // The engine takes no empty set.
    if (patterns.empty()) return make_portable_finder(patterns);
    hs_database_t* database = compile(patterns, nullptr, problem);
    if (database == nullptr) return nullptr;
    auto finder = with_scratch(database);
    if (!finder) problem = "vectorscan has no memory";
    return finder;
}

std::string make_database(const std::vector<Pattern>& patterns, std::string& problem) {
    constexpr hs_platform_info kAnyMachine{HS_TUNE_FAMILY_GENERIC, 0, 0, 0};
    hs_database_t* database = compile(patterns, &kAnyMachine, problem);
    if (database == nullptr) return {};
    char* bytes = nullptr;
    std::size_t size = 0;
    std::string serialised;
    if (hs_serialize_database(database, &bytes, &size) == HS_SUCCESS)
        serialised.assign(bytes, size);
    else
        problem = "vectorscan cannot write its database";
    release(bytes);
    hs_free_database(database);
    return serialised;
}

std::unique_ptr<Finder> make_precompiled_finder(std::string_view bytes) {
    hs_database_t* database = nullptr;
    // It compares version, machine and checksum.
    if (bytes.empty() || !use_allocator() ||
        hs_deserialize_database(bytes.data(), bytes.size(), &database) != HS_SUCCESS)
        return nullptr;
    return with_scratch(database);
}

std::unique_ptr<Finder> make_finder(const std::vector<Pattern>& patterns, std::string& problem) {
    return make_vectorscan_finder(patterns, problem);
}

}  // namespace botbottle::scan
