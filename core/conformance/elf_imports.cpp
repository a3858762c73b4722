#include "conformance/elf_imports.h"

#include <elf.h>

#include <cstring>
#include <optional>

namespace botbottle::conformance {
namespace {

// A file is hostile input: every struct is copied out after its place was checked.
class Image {
  public:
    explicit Image(const QByteArray& bytes) : bytes_(bytes) {}

    template <typename T>
    std::optional<T> at(quint64 offset) const {
        const auto size = static_cast<quint64>(bytes_.size());
        if (sizeof(T) > size || offset > size - sizeof(T)) return std::nullopt;
        T value;
        std::memcpy(&value, bytes_.constData() + offset, sizeof value);
        return value;
    }

    QString text_at(quint64 offset) const {
        const auto size = static_cast<quint64>(bytes_.size());
        if (offset >= size) return {};
        const char* start = bytes_.constData() + offset;
        return QString::fromLatin1(start, static_cast<qsizetype>(strnlen(start, size - offset)));
    }

  private:
    const QByteArray& bytes_;
};

}  // namespace

Result<QStringList> elf_imports(const QByteArray& file) {
    const Image image(file);
    const auto malformed = [] { return failure("not_elf", "it is no 64-bit ELF library"); };
    const auto header = image.at<Elf64_Ehdr>(0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_type != ET_DYN ||
        header->e_shentsize != sizeof(Elf64_Shdr))
        return malformed();
    QStringList imports;
    for (quint64 i = 0; i < header->e_shnum; ++i) {
        const auto section = image.at<Elf64_Shdr>(header->e_shoff + i * sizeof(Elf64_Shdr));
        if (!section) return malformed();
        if (section->sh_type != SHT_DYNSYM) continue;
        const auto names =
            image.at<Elf64_Shdr>(header->e_shoff + section->sh_link * sizeof(Elf64_Shdr));
        if (!names) return malformed();
        for (quint64 offset = 0; offset + sizeof(Elf64_Sym) <= section->sh_size;
             offset += sizeof(Elf64_Sym)) {
            const auto symbol = image.at<Elf64_Sym>(section->sh_offset + offset);
            if (!symbol) return malformed();
            if (symbol->st_shndx == SHN_UNDEF && symbol->st_name != 0)
                imports += image.text_at(names->sh_offset + symbol->st_name);
        }
    }
    return imports;
}

}  // namespace botbottle::conformance
